//! A minimal HTTP client that posts a document and finds an id in the answer.

use std::net::SocketAddr;

use benches::Result;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Posts JSON. Returns a field of the JSON in the answer.
///
/// # Errors
/// The answer lacks the field. The error holds the answer.
pub(crate) async fn post(
    address: SocketAddr,
    key: &str,
    path: &str,
    body: &str,
    field: &str,
) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    // With HTTP 1.0 the answer is not chunked and ends with the connection.
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (_, json) = answer.split_once("\r\n\r\n").unwrap_or_default();
    let json: Value = serde_json::from_str(json).unwrap_or_default();
    match json.get(field).and_then(Value::as_str) {
        Some(value) => Ok(value.to_owned()),
        None => Err(format!("`{path}` answered {answer}").into()),
    }
}

use std::{future::ready, io, num::NonZero, sync::Mutex};

use balance::Resolving;
use http::HeaderValue;
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::{
    server::{Listener, serve},
    service::GrpcService,
};

/// A resolver with the same addresses for every host.
struct Known(Vec<SocketAddr>);

impl Resolve for Known {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> Resolving<'a> {
        Box::pin(ready(Ok::<_, io::Error>(self.0.clone())))
    }
}

/// Starts a server that returns the body of every call.
async fn answers(end: &CancellationToken) -> SocketAddr {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let address = listener.address().unwrap();
    let echo = GrpcService::of(|request| {
        let mut response = http::Response::new(request.into_body());
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static("application/grpc"));
        Box::pin(ready(Ok(response)))
    });
    let served = serve(listener, echo, None, NonZero::<usize>::MIN, end.clone());
    tokio::spawn(async move { served.await.map_err(|error| error.to_string()) });
    address
}

/// Starts a machine that accepts connections and never answers.
async fn says_nothing() -> SocketAddr {
    static HELD: Mutex<Vec<TcpStream>> = Mutex::new(Vec::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            HELD.lock().unwrap().push(connection);
        }
    });
    address
}

/// Returns an address without a listener.
async fn refuses() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

async fn ask(channel: &Channel, text: &'static [u8]) -> Result<Bytes, Status> {
    let mut request = http::Request::new(whole(Bytes::from_static(text)));
    *request.uri_mut() = "/any.Service/Method".parse().unwrap();
    *request.method_mut() = http::Method::POST;
    let headers = request.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    let response = channel.clone().oneshot(request).await?;
    Ok(response.into_body().collect().await?.to_bytes())
}

#[tokio::test]
async fn what_a_lost_node_does_not_answer_is_answered_by_another() {
    let end = CancellationToken::new();
    for lost in [says_nothing().await, refuses().await] {
        let known = Known(vec![lost, answers(&end).await]);
        let channel = resolved_by(Arc::new(known), "http://any:1", &Tls::default()).unwrap();
        let begin = Instant::now();
        for _ in 0..50 {
            let asked = Instant::now();
            assert_eq!(ask(&channel, b"hello").await.unwrap(), &b"hello"[..]);
            assert!(asked.elapsed() < 2 * SILENCE, "{:?}", asked.elapsed());
        }
        // The silent node is left alone, except for an occasional try.
        assert!(begin.elapsed() < 3 * SILENCE, "{:?}", begin.elapsed());
    }
    end.cancel();
}

#[tokio::test]
async fn a_service_without_any_node_is_unavailable_at_once() {
    let known = Known(vec![refuses().await]);
    let channel = resolved_by(Arc::new(known), "http://any:1", &Tls::default()).unwrap();
    for _ in 0..5 {
        let asked = Instant::now();
        let failed = ask(&channel, b"hello").await.unwrap_err();
        assert_eq!(failed.code(), tonic::Code::Unavailable);
        assert!(asked.elapsed() < SILENCE);
    }
}

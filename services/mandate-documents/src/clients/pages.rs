//! Lists, page by page.

/// Calls a method that lists, with a deadline for each page. Evaluates to the items of all pages, or
/// to the error of the page that failed.
#[macro_export]
macro_rules! pages {
    ($deadline:expr, $service:ident, $client:expr, $method:ident($request:expr).$items:ident) => {{
        let mut client = $client;
        let mut request = $request;
        let mut items = Vec::new();
        loop {
            let call = client.$method($crate::clients::within($deadline, request.clone()));
            let service = $crate::clients::Service::$service;
            match $crate::clients::answer(service, stringify!($method), call).await {
                Ok(page) => {
                    items.extend(page.$items);
                    if page.next_page_token.is_empty() {
                        break Ok(items);
                    }
                    request.page_token = page.next_page_token;
                }
                Err(error) => break Err(error),
            }
        }
    }};
}

//! Calls whose response is printed: one resource, or all pages of a list.

/// Calls a method that returns a resource, of entitlement unless a service is given. Evaluates to
/// that resource alone in a list.
macro_rules! one {
    ($connection:expr, $client:ident().$method:ident($request:expr).$field:ident) => {
        $crate::command::every::one!($connection, Entitlement, $client().$method($request).$field)
    };
    ($connection:expr, $service:ident, $client:ident().$method:ident($request:expr).$field:ident) => {{
        let mut client = $client();
        let call = client.$method(mandate_documents::clients::within(
            $crate::command::check::CALL_TIMEOUT,
            $request,
        ));
        let service = mandate_documents::clients::Service::$service;
        let answer = mandate_documents::clients::answer(service, stringify!($method), call).await;
        let answer = answer.map_err(|error| $connection.failure(&error))?;
        answer.$field.into_iter().collect::<Vec<_>>()
    }};
}

/// Calls a method that lists, of entitlement unless a service is given. Evaluates to the entries of
/// all pages.
macro_rules! pages {
    ($connection:expr, $client:ident().$method:ident($request:expr).$field:ident) => {
        $crate::command::every::pages!($connection, Entitlement, $client().$method($request).$field)
    };
    ($connection:expr, $service:ident, $client:ident().$method:ident($request:expr).$field:ident) => {{
        let mut request = $request;
        let mut all = Vec::new();
        loop {
            let mut client = $client();
            let call = client.$method(mandate_documents::clients::within(
                $crate::command::check::CALL_TIMEOUT,
                request.clone(),
            ));
            let service = mandate_documents::clients::Service::$service;
            let page = mandate_documents::clients::answer(service, stringify!($method), call).await;
            let page = page.map_err(|error| $connection.failure(&error))?;
            all.extend(page.$field);
            if page.next_page_token.is_empty() {
                break all;
            }
            request.page_token = page.next_page_token;
        }
    }};
}

pub(super) use {one, pages};

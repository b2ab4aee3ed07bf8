//! Calls whose answers are printed: one resource, or all of a list.

/// Calls a method, of entitlement if no service is said, that answers with a resource, which it
/// returns as the only one.
macro_rules! one {
    ($connection:expr, $client:ident().$method:ident($request:expr).$field:ident) => {
        $crate::command::every::one!($connection, Entitlement, $client().$method($request).$field)
    };
    ($connection:expr, $service:ident, $client:ident().$method:ident($request:expr).$field:ident) => {{
        let mut client = $client();
        let call = client.$method($crate::clients::within(
            $crate::command::check::DEADLINE,
            $request,
        ));
        let service = $crate::clients::Service::$service;
        let answer = $crate::clients::answer(service, stringify!($method), call).await;
        let answer = answer.map_err(|error| $connection.failure(&error))?;
        answer.$field.into_iter().collect::<Vec<_>>()
    }};
}

/// Calls a method, of entitlement if no service is said, that lists, page by page, and returns all.
macro_rules! pages {
    ($connection:expr, $client:ident().$method:ident($request:expr).$field:ident) => {
        $crate::command::every::pages!($connection, Entitlement, $client().$method($request).$field)
    };
    ($connection:expr, $service:ident, $client:ident().$method:ident($request:expr).$field:ident) => {{
        let mut request = $request;
        let mut all = Vec::new();
        loop {
            let mut client = $client();
            let call = client.$method($crate::clients::within(
                $crate::command::check::DEADLINE,
                request.clone(),
            ));
            let service = $crate::clients::Service::$service;
            let page = $crate::clients::answer(service, stringify!($method), call).await;
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

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
        let pages = mandate_documents::pages!(
            $crate::command::check::CALL_TIMEOUT,
            $service,
            $client(),
            $method($request).$field
        );
        pages.map_err(|error| $connection.failure(&error))?
    }};
}

pub(super) use {one, pages};

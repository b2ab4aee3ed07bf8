//! The required form of every refusal.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use api::INVALID_REQUEST;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::schema::POOL;

/// Maximum size of the details, in bytes. They travel in a header, and clients and proxies refuse
/// larger ones.
const MAX_DETAILS: usize = 8 << 10;

/// Messages of refusals that cannot name a field, because the request was not decoded.
const UNREAD: [&str; 2] = ["the request is not protobuf", "the request cannot be read"];

/// Every reason with its domain.
static REASONS: LazyLock<BTreeSet<(String, String)>> = LazyLock::new(|| {
    let enums = POOL.all_enums().filter(|kind| kind.name() == "ErrorReason");
    let reasons = enums.flat_map(|kind| {
        let package = kind.package_name().to_owned();
        let service = package.split('.').nth(1).unwrap_or_default().to_owned();
        let domain = match service.as_str() {
            "common" => "mandate".to_owned(),
            service => format!("{service}.mandate"),
        };
        let values: Vec<_> = kind.values().filter(|value| value.number() != 0).collect();
        values.into_iter().map(move |value| {
            let reason = value.name().trim_start_matches("ERROR_REASON_");
            (domain.clone(), reason.to_owned())
        })
    });
    reasons.collect()
});

/// Returns the visible content of a refusal, to compare two of them. The entries of a map are
/// encoded in any order, so they are sorted here.
pub fn seen(status: &Status) -> (Code, String, Vec<u8>) {
    let mut details = status.get_error_details();
    let metadata = details.error_info().cloned().map(|info| {
        details.set_error_info(info.reason, info.domain, []);
        info.metadata.into_iter().collect::<BTreeMap<_, _>>()
    });
    let rest = Status::with_error_details(status.code(), "", details);
    let told = format!("{metadata:?}").into_bytes();
    (
        status.code(),
        status.message().to_owned(),
        [rest.details(), &told].concat(),
    )
}

/// Returns the reason of a refusal. Panics if the refusal lacks the required form. `at` describes
/// the call.
pub fn reason(status: &Status, at: &str) -> String {
    let details = status.get_error_details();
    let info = details.error_info();
    let info = info.unwrap_or_else(|| panic!("{at}: no ErrorInfo in {status:?}"));
    let known = (info.domain.clone(), info.reason.clone());
    assert!(
        REASONS.contains(&known),
        "{at}: {known:?} is not a declared reason"
    );
    let help = details.help().is_some_and(|help| {
        let links = help.links.iter();
        !help.links.is_empty() && links.into_iter().all(|link| is_absolute(&link.url))
    });
    assert!(help, "{at}: no help in {status:?}");
    let invalid = INVALID_REQUEST
        .as_str_name()
        .trim_start_matches("ERROR_REASON_");
    if info.reason == invalid {
        assert_eq!(status.code(), Code::InvalidArgument, "{at}");
        let fields = details
            .bad_request()
            .map_or(0, |bad| bad.field_violations.len());
        let unread = UNREAD.iter().any(|text| status.message().starts_with(text));
        assert!(fields > 0 || unread, "{at}: no field in {status:?}");
    }
    let size = status.details().len();
    assert!(size < MAX_DETAILS, "{at}: {size} bytes of details");
    assert!(status.message().len() < MAX_DETAILS, "{at}: a long message");
    info.reason.clone()
}

/// Returns true if a link is absolute.
fn is_absolute(url: &str) -> bool {
    ["https://", "mailto:", "tel:"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
}

/// Asserts that a refusal has the expected reason.
pub fn expect(status: &Status, code: Code, expected: &str, at: &str) {
    let found = reason(status, at);
    let both = (status.code(), found.as_str());
    assert_eq!(both, (code, expected), "{at}: {status:?}");
}

/// Returns true if the code may answer an invalid request: never INTERNAL, UNKNOWN or a code for a
/// failing service.
pub fn is_typed(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::PermissionDenied
            | Code::Aborted
            | Code::ResourceExhausted
            | Code::OutOfRange
    )
}

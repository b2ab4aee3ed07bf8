//! The methods of the services for each other, and all the others.

use api::Access;
use tests::Setting;
use tonic::Code;

use crate::{
    fault,
    samples::ordered,
    world::{World, access},
};

/// C2: no service account calls what is for the services, not even the first one, and the key of
/// the services calls nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn c2_services_and_service_accounts_do_not_call_each_others_methods() {
    for setting in Setting::ALL {
        let world = World::start(setting).await;
        let names = world.names("alpha", 1);
        for sample in ordered() {
            let key = match access(&sample.path) {
                Access::Peer => &world.root,
                Access::Permission(_) => &world.peer,
            };
            let at = format!("{} in {setting:?}", sample.path);
            for body in [sample.bytes(&names), Vec::new(), vec![0xff; 16]] {
                let status = world.wire.call(&sample.path, key, body).await;
                let status = status.expect_err(&at);
                fault::expect(&status, Code::PermissionDenied, "PERMISSION_DENIED", &at);
            }
        }
    }
}

//! Methods for calls between the services, and all other methods.

use api::{Access, Peer};
use rpc::{over_tcp, over_tcp_as};
use tests::Setting;
use tonic::{Code, Request, client::Grpc};
use tower::ServiceExt;

use crate::{
    fault,
    samples::ordered,
    world::{World, access},
};

/// C2: on the public port, no caller can reach a method for services, not even the first service
/// account. The answer is as for a method that does not exist.
#[tokio::test(flavor = "multi_thread")]
async fn c2_what_is_for_the_services_is_for_no_caller() {
    for setting in Setting::ALL {
        let world = World::start(setting).await;
        let names = world.names("alpha", 1);
        let nothing = "/mandate.entitlement.v1.PeerService/Nothing";
        let absent = world.wire.call(nothing, &world.root, Vec::new()).await;
        let absent = fault::seen(&absent.unwrap_err());
        for sample in ordered() {
            if !matches!(access(&sample.path), Access::Peer(_)) {
                continue;
            }
            let at = format!("{} in {setting:?}", sample.path);
            for body in [sample.bytes(&names), Vec::new(), vec![0xff; 16]] {
                let status = world.wire.call(&sample.path, &world.root, body).await;
                let status = status.expect_err(&at);
                fault::expect(&status, Code::PermissionDenied, "PERMISSION_DENIED", &at);
                assert_eq!(fault::seen(&status), absent, "{at}");
            }
        }
    }
}

/// C2: on the port for services, each service can call exactly the methods that it needs of the
/// others: no public method, and none for another service.
#[tokio::test(flavor = "multi_thread")]
async fn c2_each_service_calls_what_it_needs_and_nothing_else() {
    for setting in Setting::ALL {
        let world = World::start(setting).await;
        let names = world.names("alpha", 1);
        for sample in ordered() {
            let own = sample.path.split('.').nth(1).unwrap_or_default();
            for peer in Peer::ALL {
                let at = format!("{} by {peer:?} in {setting:?}", sample.path);
                // A service does not know the digest of its own key, because no service calls
                // itself.
                if setting == Setting::Processes && peer.name() == own {
                    let status = world.wire.call_as(peer, &sample.path, Vec::new()).await;
                    let status = status.expect_err(&at);
                    fault::expect(&status, Code::Unauthenticated, "UNAUTHENTICATED", &at);
                    continue;
                }
                let is_for =
                    matches!(access(&sample.path), Access::Peer(peers) if peers.contains(&peer));
                let body = sample.bytes(&names);
                let answer = world.wire.call_as(peer, &sample.path, body).await;
                let code = answer
                    .as_ref()
                    .map_or_else(tonic::Status::code, |_| Code::Ok);
                assert_eq!(code != Code::PermissionDenied, is_for, "{at}: {answer:?}");
            }
        }
    }
}

/// On the port for services, a caller without the key of a service is not authenticated, even with
/// other valid credentials.
#[tokio::test(flavor = "multi_thread")]
async fn c2_at_the_door_for_services_no_key_of_a_service_account_opens_anything() {
    let world = World::start(Setting::Processes).await;
    let names = world.names("alpha", 1);
    let [identity, membership, entitlement] = world.rig.peer_urls();
    let root = rpc::PeerKey::new(world.root.as_str().into()).unwrap();
    for sample in ordered() {
        let url = match sample.path.split('.').nth(1) {
            Some("identity") => identity,
            Some("membership") => membership,
            _ => entitlement,
        };
        let with_root = over_tcp_as(&root, url, None).unwrap();
        for channel in [with_root, over_tcp(url, None).unwrap()] {
            let mut grpc = Grpc::new(channel.ready_oneshot().await.unwrap());
            let path = sample.path.parse().unwrap();
            let request = Request::new(sample.bytes(&names));
            let refused = grpc.unary(request, path, crate::wire::Raw).await;
            let status = refused.expect_err(&sample.path);
            fault::expect(
                &status,
                Code::Unauthenticated,
                "UNAUTHENTICATED",
                &sample.path,
            );
        }
    }
}

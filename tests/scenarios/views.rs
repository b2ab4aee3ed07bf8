//! The content of `ListEffectiveAccess` and of the lists, for each view.

use api::entitlement::v1::{
    AccessView, ApplicationAccess, GetApplicationRequest, ListSubjectsRequest, ManagementMode,
    Placement, UpdateApplicationRequest, list_subjects_request::Held,
};
use prost_types::FieldMask;
use tests::{Rig, Setting};
use types::UnixTime;

use crate::{
    listing::subjects,
    place::access,
    shared::{everywhere, run},
    world::World,
};

/// An application with placements and an alias, one that another system manages, and a manager.
const APPLICATIONS_DOCUMENT: &str = "
applications:
  - id: $-desk
    display_name: Desk
    aliases: [$-counter]
    placements: [OVERVIEW, BUSINESS_TOOLS]
    modules:
      - {id: orders, verbs: [view]}
      - {id: dashboard, verbs: [view], recommended: true}
    roles:
      - {id: all, permissions: [$-desk.*]}
      - {id: orders, permissions: [$-desk.orders.view]}
  - id: $-contacts
    display_name: Contacts
    management_mode: EXTERNAL
    modules: [{id: list, verbs: [view]}]
organizations:
  - id: $
    display_name: Acme
    entitlements: [{application: $}, {application: $-desk}, {application: $-contacts}, {application: mandate}]
    memberships:
      - {user: $-ann, grants: [{id: ann-desk, role: $-desk.all, scope: ALL}, {id: ann-owner, role: mandate.owner, scope: ALL}]}
      - {user: $-ben, grants: [{id: ben-desk, role: $-desk.orders, scope: ALL}]}
";

async fn load<'r>(rig: &'r Rig, id: &'static str) -> World<'r> {
    let world = World::load(rig, id).await;
    rig.apply(&APPLICATIONS_DOCUMENT.replace('$', id)).await;
    crate::feeds::heard(rig).await;
    world
}

async fn view(world: &World<'_>, user: &str, view: AccessView) -> Vec<ApplicationAccess> {
    let clients = world.rig.root();
    let user = world.user(user);
    access(&clients, &world.organization(), &user, view, 1).await
}

fn application<'a>(found: &'a [ApplicationAccess], id: &str) -> Option<&'a ApplicationAccess> {
    let name = format!("applications/{id}");
    found.iter().find(|found| found.application == name)
}

#[test]
fn s0_5_an_application_is_in_the_launcher_once_with_all_placements_and_aliases() {
    everywhere(async |rig| {
        let world = load(rig, "views-place").await;
        let found = view(&world, "ann", AccessView::Launcher).await;
        let desks = found
            .iter()
            .filter(|found| found.application == "applications/views-place-desk");
        assert_eq!(desks.count(), 1);
        let desk = application(&found, "views-place-desk").unwrap();
        let placements: Vec<Placement> = desk.placements().collect();
        assert_eq!(placements, [Placement::Overview, Placement::BusinessTools]);
        assert_eq!(desk.aliases, ["views-place-counter"]);
        assert_eq!(desk.source(), ManagementMode::Managed);
        assert!(desk.roles.is_empty() && desk.permissions.is_empty());
    });
}

#[test]
fn s0_14_the_administration_view_is_empty_without_management_roles() {
    everywhere(async |rig| {
        let world = load(rig, "views-admin").await;
        let found = view(&world, "ben", AccessView::Administration).await;
        assert_eq!(found, []);
        let found = view(&world, "ann", AccessView::Administration).await;
        let [managed] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(managed.application, "applications/mandate");
        assert_eq!(managed.roles, ["applications/mandate/roles/owner"]);
        let held = managed.permissions.iter();
        assert!(
            held.into_iter()
                .any(|held| held.permission == "mandate.grants.write")
        );
    });
}

#[test]
fn s2_17_s2_18_the_landing_module_is_in_the_menu() {
    everywhere(async |rig| {
        let world = load(rig, "views-land").await;
        let found = view(&world, "ann", AccessView::Launcher).await;
        let desk = application(&found, "views-land-desk").unwrap();
        assert_eq!(desk.modules, ["orders", "dashboard"]);
        assert_eq!(desk.landing_module, "dashboard");
        let found = view(&world, "ben", AccessView::Launcher).await;
        let desk = application(&found, "views-land-desk").unwrap();
        assert_eq!(desk.modules, ["orders"]);
        assert_eq!(desk.landing_module, "orders");
        let denied = "views-land-desk.dashboard.view";
        let (user, place) = (world.user("ben"), world.organization());
        assert!(!rig.allows(&user, denied, &place).await);
    });
}

#[test]
fn s4_24_an_externally_managed_application_is_shown_with_its_source() {
    everywhere(async |rig| {
        let world = load(rig, "views-source").await;
        let found = view(&world, "ben", AccessView::Full).await;
        let contacts = application(&found, "views-source-contacts").unwrap();
        assert_eq!(contacts.source(), ManagementMode::External);
        assert!(contacts.modules.is_empty() && contacts.permissions.is_empty());
        // The access to an external application is unknown, so the menu omits the application.
        let found = view(&world, "ben", AccessView::Launcher).await;
        assert_eq!(application(&found, "views-source-contacts"), None);
        assert_eq!(view(&world, "fay", AccessView::Full).await, []);
    });
}

#[test]
fn s1_7_recipients_of_a_route_are_listed_until_the_role_is_revoked() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = Rig::at(setting, UnixTime(1_767_225_600_000)).await;
            let world = World::load(&rig, "route").await;
            let name = world.application();
            let request = GetApplicationRequest { name };
            let found = rig.root().catalog().get_application(request).await;
            let mut application = found.unwrap().into_inner().application.unwrap();
            let viewer = application.roles.iter_mut();
            let viewer = viewer.into_iter().find(|role| role.role_id == "viewer");
            viewer.unwrap().notification_routes = vec!["invoices".to_owned()];
            let request = UpdateApplicationRequest {
                application: Some(application),
                update_mask: Some(FieldMask {
                    paths: vec!["roles".to_owned()],
                }),
                ..UpdateApplicationRequest::default()
            };
            rig.root()
                .catalog()
                .update_application(request)
                .await
                .unwrap();
            let told = async |place: String| {
                let request = ListSubjectsRequest {
                    resource: place,
                    held: Some(Held::NotificationRoute("invoices".to_owned())),
                    ..ListSubjectsRequest::default()
                };
                subjects(&rig.root(), request).await
            };
            let bot = world.bot();
            let user = |user| world.user(user);
            assert_eq!(told(world.organization()).await, [bot.clone(), user("ann")]);
            let at = told(world.at("resources/n3")).await;
            assert_eq!(at, [bot.clone(), user("ann"), user("cas"), user("dan")]);
            world.revoke("ann").await;
            assert_eq!(told(world.organization()).await, [bot]);
        }
    });
}

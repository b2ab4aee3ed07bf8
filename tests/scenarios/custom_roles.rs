//! Custom roles of an organization: a means to grant access, and never more than its author could
//! grant directly.

use std::time::Duration;

use api::entitlement::v1::{
    CheckRequest, CreateCustomRoleRequest, CreateCustomRoleResponse, CreateGrantRequest,
    CreateGrantResponse, CustomRole, DecisionReason, DeleteCustomRoleRequest,
    DeleteCustomRoleResponse, GetCustomRoleRequest, Grant, ListCustomRolesRequest,
    ListGrantsRequest, ListSubjectsRequest, Scope, UpdateCustomRoleRequest,
    UpdateCustomRoleResponse, list_subjects_request::Held,
};
use clock::Clock;
use mandate_documents::clients::Clients;
use prost_types::FieldMask;
use tests::{Rig, Setting};
use tonic::{Code, Response, Status};
use types::UnixTime;

use crate::{
    managed::{Managed, all},
    refusal::assert_refused,
    shared::{everywhere, run},
};

const NOW: UnixTime = UnixTime(1_767_225_600_000);
const DENIED: Code = Code::PermissionDenied;

/// Custom roles of the organization of a world.
struct CustomRoles<'w, 'r> {
    world: &'w Managed<'r>,
    rig: &'r Rig,
}

impl CustomRoles<'_, '_> {
    fn name(&self, application: &str, role: &str) -> String {
        let world = self.world;
        format!(
            "{}/{}/roles/{role}",
            world.name(),
            self.application(application)
        )
    }

    fn application(&self, application: &str) -> String {
        match application {
            "mandate" => "applications/mandate".to_owned(),
            own => self.world.application(own),
        }
    }

    /// Returns the full names of permissions like `m.view`.
    fn permissions(&self, application: &str, held: &[&str]) -> Vec<String> {
        let application = self.application(application);
        let id = application.trim_start_matches("applications/");
        held.iter().map(|held| format!("{id}.{held}")).collect()
    }

    async fn make(
        &self,
        by: &Clients,
        application: &str,
        role: &str,
        held: &[&str],
    ) -> Result<Response<CreateCustomRoleResponse>, Status> {
        let request = CreateCustomRoleRequest {
            parent: self.world.name(),
            custom_role: Some(CustomRole {
                application: self.application(application),
                permissions: self.permissions(application, held),
                ..CustomRole::default()
            }),
            custom_role_id: role.to_owned(),
            ..CreateCustomRoleRequest::default()
        };
        by.custom_roles().create_custom_role(request).await
    }

    async fn change(
        &self,
        by: &Clients,
        application: &str,
        role: &str,
        held: &[&str],
    ) -> Result<Response<UpdateCustomRoleResponse>, Status> {
        let request = UpdateCustomRoleRequest {
            custom_role: Some(CustomRole {
                name: self.name(application, role),
                permissions: self.permissions(application, held),
                ..CustomRole::default()
            }),
            update_mask: Some(FieldMask {
                paths: vec!["permissions".to_owned()],
            }),
            ..UpdateCustomRoleRequest::default()
        };
        by.custom_roles().update_custom_role(request).await
    }

    async fn delete(
        &self,
        by: &Clients,
        application: &str,
        role: &str,
    ) -> Result<Response<DeleteCustomRoleResponse>, Status> {
        let request = DeleteCustomRoleRequest {
            name: self.name(application, role),
            ..DeleteCustomRoleRequest::default()
        };
        by.custom_roles().delete_custom_role(request).await
    }

    async fn give(
        &self,
        by: &Clients,
        subject: &str,
        role: &str,
        scope: Option<Scope>,
    ) -> Result<Response<CreateGrantResponse>, Status> {
        let request = CreateGrantRequest {
            parent: self.world.name(),
            grant: Some(Grant {
                subject: subject.to_owned(),
                role: role.to_owned(),
                scope,
                ..Grant::default()
            }),
            ..CreateGrantRequest::default()
        };
        by.grants().create_grant(request).await
    }

    /// Returns the reason of the decision about a permission of application `a` in a unit.
    async fn reason(&self, subject: &str, held: &str, unit: &str) -> DecisionReason {
        let permission = &self.permissions("a", &[held])[0];
        let place = format!("{}/units/{unit}", self.world.name());
        self.rig.reason(subject, permission, &place).await
    }
}

fn id(given: Response<CreateGrantResponse>) -> String {
    let name = given.into_inner().grant.unwrap().name;
    name.rsplit('/').next().unwrap().to_owned()
}

#[test]
fn a_custom_role_grants_its_permissions_and_changes_for_all_holders() {
    everywhere(async |rig| {
        let world = &Managed::load(rig, "own-a").await;
        let own = CustomRoles { world, rig };
        let admin = world.as_("admin").await;
        own.make(&admin, "a", "clerk", &["m.view"]).await.unwrap();
        let (ben, clerk) = (world.user("ben"), own.name("a", "clerk"));
        assert_eq!(
            own.reason(&ben, "m.view", "k1").await,
            DecisionReason::NoGrant
        );
        let scope = world.units(&["k1"]);
        let grant = id(own.give(&admin, &ben, &clerk, scope).await.unwrap());
        assert_eq!(
            own.reason(&ben, "m.view", "k1a").await,
            DecisionReason::Allowed
        );
        assert_eq!(
            own.reason(&ben, "m.view", "k2").await,
            DecisionReason::OutOfScope
        );
        assert_eq!(
            own.reason(&ben, "m.edit", "k1").await,
            DecisionReason::NoGrant
        );
        let by_role = ListGrantsRequest {
            role: clerk.clone(),
            ..ListGrantsRequest::default()
        };
        assert_eq!(world.listed(&admin, by_role).await, [grant.as_str()]);
        let holders = ListSubjectsRequest {
            resource: format!("{}/units/k1", world.name()),
            held: Some(Held::Permission(
                own.permissions("a", &["m.view"])[0].clone(),
            )),
            ..ListSubjectsRequest::default()
        };
        let holders = rig.root().authorization().list_subjects(holders).await;
        assert!(holders.unwrap().into_inner().subjects.contains(&ben));

        own.change(&admin, "a", "clerk", &["m.edit"]).await.unwrap();
        assert_eq!(
            own.reason(&ben, "m.view", "k1").await,
            DecisionReason::NoGrant
        );
        assert_eq!(
            own.reason(&ben, "m.edit", "k1").await,
            DecisionReason::Allowed
        );
    });
}

#[test]
fn a_custom_role_as_of_an_earlier_time_has_its_earlier_permissions() {
    run(async {
        for setting in Setting::IN_PROCESS {
            let rig = &Rig::at(setting, NOW).await;
            let clock = rig.clock.clone().unwrap();
            let world = &Managed::load(rig, "own-past").await;
            let own = CustomRoles { world, rig };
            let admin = world.as_("admin").await;
            own.make(&admin, "a", "clerk", &["m.view"]).await.unwrap();
            let (ben, clerk) = (world.user("ben"), own.name("a", "clerk"));
            own.give(&admin, &ben, &clerk, all()).await.unwrap();
            clock.advance(Duration::from_secs(1));
            let before = clock.now();
            clock.advance(Duration::from_secs(1));
            own.change(&admin, "a", "clerk", &["m.edit"]).await.unwrap();
            clock.advance(Duration::from_secs(1));
            let asked = async |held: &str, read_time| {
                let request = CheckRequest {
                    subject: ben.clone(),
                    permission: own.permissions("a", &[held])[0].clone(),
                    resource: world.name(),
                    read_time,
                    ..CheckRequest::default()
                };
                let answer = rig.root().authorization().check(request).await;
                answer.unwrap().into_inner().decision.unwrap().reason()
            };
            let (allowed, none) = (DecisionReason::Allowed, DecisionReason::NoGrant);
            let then = service::timestamp(before);
            assert_eq!(asked("m.view", then).await, allowed, "{setting:?}");
            assert_eq!(asked("m.edit", then).await, none, "{setting:?}");
            assert_eq!(asked("m.view", None).await, none, "{setting:?}");
            assert_eq!(asked("m.edit", None).await, allowed, "{setting:?}");
        }
    });
}

#[test]
fn d4_a_held_role_cannot_be_deleted_and_a_deleted_one_grants_nothing() {
    everywhere(async |rig| {
        let world = &Managed::load(rig, "own-d4").await;
        let own = CustomRoles { world, rig };
        let admin = world.as_("admin").await;
        own.make(&admin, "a", "clerk", &["m.view"]).await.unwrap();
        let clerk = own.name("a", "clerk");
        let mut given = Vec::new();
        for user in ["ann", "ben"] {
            let subject = world.user(user);
            given.push(id(own.give(&admin, &subject, &clerk, all()).await.unwrap()));
        }
        let held = own.delete(&admin, "a", "clerk").await;
        assert_refused(held, Code::FailedPrecondition, "ROLE_HELD");
        for grant in &given {
            world.revoke(&admin, grant).await.unwrap();
        }
        own.delete(&admin, "a", "clerk").await.unwrap();
        let gone = own.delete(&admin, "a", "clerk").await;
        assert_refused(gone, Code::NotFound, "ROLE_NOT_FOUND");
        let ben = world.user("ben");
        let given = own.give(&admin, &ben, &clerk, all()).await;
        assert_refused(given, Code::NotFound, "ROLE_NOT_FOUND");
        // A new role of the same name grants nothing to holders of the old one.
        own.make(&admin, "a", "clerk", &["m.view"]).await.unwrap();
        assert_eq!(
            own.reason(&ben, "m.view", "k1").await,
            DecisionReason::NoGrant
        );
        let listed = ListCustomRolesRequest {
            parent: world.name(),
            ..ListCustomRolesRequest::default()
        };
        let listed = admin.custom_roles().list_custom_roles(listed).await;
        assert_eq!(listed.unwrap().into_inner().custom_roles.len(), 1);
    });
}

#[test]
fn b2_a_custom_role_cannot_exceed_what_its_author_could_grant() {
    everywhere(async |rig| {
        let world = &Managed::load(rig, "own-b2").await;
        let own = CustomRoles { world, rig };
        let (admin, owner) = (world.as_("admin").await, world.as_("owner").await);
        let (part, plain) = (world.as_("part").await, world.as_("plain").await);
        let view = &["m.view"];
        // The author manages another application, only a part of the organization, or nothing.
        let refused = own.make(&admin, "b", "clerk", view).await;
        assert_refused(refused, DENIED, "NOT_APPLICATION_ADMIN");
        let refused = own.make(&part, "a", "clerk", view).await;
        assert_refused(refused, DENIED, "SCOPE_EXCEEDS_GRANTOR");
        let refused = own.make(&plain, "a", "clerk", view).await;
        assert_refused(refused, DENIED, "NOT_APPLICATION_ADMIN");
        // A role with management permissions holds only those that its author may delegate.
        let manage = &["members.read", "grants.write"];
        let refused = own.make(&admin, "mandate", "helper", manage).await;
        assert_refused(refused, DENIED, "NOT_APPLICATION_ADMIN");
        let operators = &["organizations.write"];
        let refused = own.make(&owner, "mandate", "helper", operators).await;
        assert_refused(refused, DENIED, "SCOPE_EXCEEDS_GRANTOR");
        own.make(&owner, "mandate", "helper", manage).await.unwrap();

        // A holder of the role grants nothing beyond it, and not the role itself.
        let helper = own.name("mandate", "helper");
        let account = world.account("plain");
        let scope = world.units(&["k1"]);
        own.give(&owner, &account, &helper, scope).await.unwrap();
        let ben = world.user("ben");
        let scope = world.units(&["k1a"]);
        world.give(&plain, &ben, "a.viewer", scope).await.unwrap();
        let far = world.units(&["k2"]);
        let refused = world.give(&plain, &ben, "a.viewer", far).await;
        assert_refused(refused, DENIED, "COMPANY_OUT_OF_REACH");
        let scope = world.units(&["k1a"]);
        let refused = own.give(&plain, &ben, &helper, scope.clone()).await;
        assert_refused(refused, DENIED, "SCOPE_EXCEEDS_GRANTOR");
        let refused = world
            .give(&plain, &ben, "mandate.delegated-owner", scope)
            .await;
        assert_refused(refused, DENIED, "SCOPE_EXCEEDS_GRANTOR");
        // An omitted scope does not grant management permissions everywhere.
        let refused = own.give(&owner, &ben, &helper, None).await;
        assert_refused(refused, Code::InvalidArgument, "SCOPE_REQUIRED");
    });
}

#[test]
fn b6_holders_cannot_change_a_role_and_only_owners_one_held_by_an_owner() {
    everywhere(async |rig| {
        let world = &Managed::load(rig, "own-b6").await;
        let own = CustomRoles { world, rig };
        let (admin, owner) = (world.as_("admin").await, world.as_("owner").await);
        for role in ["clerk", "chief"] {
            own.make(&admin, "a", role, &["m.view"]).await.unwrap();
        }
        let (clerk, chief) = (own.name("a", "clerk"), own.name("a", "chief"));
        let own_account = world.account("admin");
        own.give(&owner, &own_account, &clerk, all()).await.unwrap();
        let other = &["m.edit"];
        let refused = own.change(&admin, "a", "clerk", other).await;
        assert_refused(refused, DENIED, "SELF_EDIT_FORBIDDEN");
        own.change(&owner, "a", "clerk", other).await.unwrap();

        let second = world.account("other");
        own.give(&owner, &second, &chief, all()).await.unwrap();
        let refused = own.change(&admin, "a", "chief", other).await;
        assert_refused(refused, DENIED, "OWNER_ROLE_IMMUTABLE");
        own.change(&owner, "a", "chief", other).await.unwrap();
    });
}

/// Partly B4: there are no groups.
#[test]
fn b4_changing_a_role_takes_the_right_to_grant_it_to_its_holders() {
    everywhere(async |rig| {
        let world = &Managed::load(rig, "own-b4").await;
        let own = CustomRoles { world, rig };
        let (admin, owner) = (world.as_("admin").await, world.as_("owner").await);
        own.make(&owner, "mandate", "helper", &["members.read"])
            .await
            .unwrap();
        let (ben, helper) = (world.user("ben"), own.name("mandate", "helper"));
        own.give(&owner, &ben, &helper, all()).await.unwrap();
        let more = &["members.read", "grants.write"];
        let refused = own.change(&admin, "mandate", "helper", more).await;
        assert_refused(refused, DENIED, "NOT_APPLICATION_ADMIN");
        let operators = &["members.read", "organizations.write"];
        let refused = own.change(&owner, "mandate", "helper", operators).await;
        assert_refused(refused, DENIED, "SCOPE_EXCEEDS_GRANTOR");
        own.change(&owner, "mandate", "helper", more).await.unwrap();
    });
}

#[test]
fn s1_14_a_custom_role_cannot_join_separated_duties() {
    everywhere(async |rig| {
        let world = &Managed::load(rig, "own-sod").await;
        let own = CustomRoles { world, rig };
        let admin = world.as_("admin").await;
        let apart = Code::FailedPrecondition;
        let both = own.make(&admin, "a", "both", &["m.edit", "m.view"]).await;
        assert_refused(both, apart, "SOD_VIOLATION");
        own.make(&admin, "a", "clerk", &["m.view"]).await.unwrap();
        own.make(&admin, "a", "writer", &["m.edit"]).await.unwrap();
        let (ben, clerk) = (world.user("ben"), own.name("a", "clerk"));
        own.give(&admin, &ben, &clerk, all()).await.unwrap();
        let given = world.give(&admin, &ben, "a.editor", all()).await;
        assert_refused(given, apart, "SOD_VIOLATION");
        let given = own
            .give(&admin, &ben, &own.name("a", "writer"), all())
            .await;
        assert_refused(given, apart, "SOD_VIOLATION");
        let changed = own
            .change(&admin, "a", "clerk", &["m.edit", "m.view"])
            .await;
        assert_refused(changed, apart, "SOD_VIOLATION");
    });
}

#[test]
fn a_role_change_that_violates_separation_of_duties_is_refused() {
    everywhere(async |rig| {
        let world = &Managed::load(rig, "own-held").await;
        let own = CustomRoles { world, rig };
        let admin = world.as_("admin").await;
        own.make(&admin, "a", "writer", &["m.edit"]).await.unwrap();
        let ann = world.user("ann");
        // `ann` holds viewer, which excludes nothing. She may become a writer, but not an auditor
        // as well.
        own.give(&admin, &ann, &own.name("a", "writer"), all())
            .await
            .unwrap();
        own.make(&admin, "a", "checker", &["m.edit"]).await.unwrap();
        own.give(&admin, &ann, &own.name("a", "checker"), all())
            .await
            .unwrap();
        let changed = own.change(&admin, "a", "checker", &["m.view"]).await;
        assert_refused(changed, Code::FailedPrecondition, "SOD_VIOLATION");
    });
}

#[test]
fn c5_a_custom_role_belongs_to_one_organization() {
    everywhere(async |rig| {
        let world = &Managed::load(rig, "own-c5").await;
        let own = CustomRoles { world, rig };
        let owner = world.as_("owner").await;
        own.make(&owner, "a", "clerk", &["m.view"]).await.unwrap();
        let foreign = own.name("a", "clerk").replace("own-c5/", "own-c5-else/");
        let ben = world.user("ben");
        let given = own.give(&owner, &ben, &foreign, all()).await;
        assert_refused(given, Code::NotFound, "ROLE_NOT_FOUND");
        let read = GetCustomRoleRequest { name: foreign };
        let read = owner.custom_roles().get_custom_role(read).await;
        assert_eq!(read.unwrap_err().code(), Code::PermissionDenied);
        // A role holds only permissions that its application defines.
        let wrong = own.make(&owner, "a", "wrong", &["m.fly"]).await;
        assert_refused(wrong, Code::InvalidArgument, "PERMISSION_UNKNOWN");
        let external = own.make(&owner, "c", "none", &["m.view"]).await;
        assert_refused(
            external,
            Code::FailedPrecondition,
            "APPLICATION_NOT_ENTITLED",
        );
        let again = own.make(&owner, "a", "clerk", &["m.view"]).await;
        assert_refused(again, Code::AlreadyExists, "ROLE_EXISTS");
    });
}

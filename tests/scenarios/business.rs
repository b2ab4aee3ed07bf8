//! S2: the business portal of a mobile operator.

use api::{
    entitlement::v1::{AccessView, DecisionReason, Grant, Scope, UpdateGrantRequest},
    membership::v1::{CreateUnitRequest, GetUnitRequest, ListUnitsRequest, Unit},
};
use prost_types::FieldMask;
use tests::Rig;

use crate::{
    place::{Places, access, permissions},
    shared::everywhere,
    world::World,
};

const COMPANY: &str = "organizations/fjordbygg";

#[test]
fn s2_6_a_superuser_has_every_number_and_every_module() {
    everywhere(async |rig| {
        let places = Places::of(&rig.root(), COMPANY).await;
        for permission in permissions(&rig.root(), "business").await {
            for place in places.all() {
                let allowed = rig.allows("users/kari-nordmann", &permission, &place).await;
                assert!(allowed, "{permission} {place} {:?}", rig.setting);
            }
        }
    });
}

#[test]
fn s2_7_all_covers_a_unit_that_is_added_later_and_a_plain_scope_does_not() {
    everywhere(async |rig| {
        let world = World::load(rig, "s2-7").await;
        let request = CreateUnitRequest {
            parent: world.organization(),
            unit_id: "k9".to_owned(),
            unit: Some(Unit {
                display_name: "West".to_owned(),
                ..Unit::default()
            }),
            ..CreateUnitRequest::default()
        };
        let created = rig.root().organizations().create_unit(request).await;
        let token = created.unwrap().into_inner().consistency_token;
        // Changing the unit of the plain user's grant waits for propagation, so all later checks
        // see it.
        let mut after = world.question("ben", "units/k9");
        after.consistency = Some(super::tokens::at_least(&token));
        assert_eq!(world.ask(after).await.reason(), DecisionReason::OutOfScope);
        assert!(world.allows("ann", "units/k9").await);
        let request = UpdateGrantRequest {
            grant: Some(Grant {
                name: world.at("grants/ben"),
                scope: Some(Scope {
                    units: vec![world.at("units/k1"), world.at("units/k9")],
                    ..Scope::default()
                }),
                ..Grant::default()
            }),
            update_mask: Some(FieldMask {
                paths: vec!["scope".to_owned()],
            }),
            ..UpdateGrantRequest::default()
        };
        rig.root().grants().update_grant(request).await.unwrap();
        assert!(world.allows("ben", "units/k9").await);
        assert!(world.allows("ben", "units/k1").await);
    });
}

#[test]
fn s2_9_a_user_has_the_chosen_numbers_and_modules_only() {
    everywhere(async |rig| {
        let ola = "users/ola-hansen";
        let ask = async |permission: &str, unit: &str| {
            let place = format!("{COMPANY}/units/{unit}");
            rig.reason(ola, permission, &place).await
        };
        let invoices = "business.invoices.view";
        assert_eq!(ask(invoices, "k1").await, DecisionReason::Allowed);
        assert_eq!(ask(invoices, "k2").await, DecisionReason::OutOfScope);
        let orders = "business.orders.view";
        assert_eq!(ask(orders, "k1").await, DecisionReason::NoGrant);
    });
}

/// Returns the modules that a user sees, in order, and the landing module.
async fn menu(rig: &Rig, user: &str) -> (Vec<String>, String) {
    let seen = access(&rig.root(), COMPANY, user, AccessView::Launcher, 0).await;
    let [found] = &seen[..] else {
        panic!("{user} sees {} applications", seen.len());
    };
    (found.modules.clone(), found.landing_module.clone())
}

#[test]
fn s2_17_a_user_lands_on_the_dashboard_or_else_on_the_first_module() {
    everywhere(async |rig| {
        for (user, landing) in [
            ("users/kari-nordmann", "dashboard"),
            ("users/ola-hansen", "dashboard"),
            ("users/lars-dahl", "invoices"),
        ] {
            let (modules, lands) = menu(rig, user).await;
            assert_eq!(lands, landing, "{user}");
            assert!(modules.contains(&lands), "{user}");
        }
    });
}

#[test]
fn s2_18_a_module_that_was_not_given_is_not_shown_and_is_denied() {
    everywhere(async |rig| {
        let (modules, _) = menu(rig, "users/lars-dahl").await;
        assert_eq!(modules, ["invoices", "orders", "subscriptions"]);
        let places = Places::of(&rig.root(), COMPANY).await;
        for permission in permissions(&rig.root(), "business").await {
            let shown = modules
                .iter()
                .any(|module| permission.starts_with(&format!("business.{module}.")));
            let mut allowed = false;
            for place in places.all() {
                allowed |= rig.allows("users/lars-dahl", &permission, &place).await;
            }
            assert_eq!(allowed, shown, "{permission} {:?}", rig.setting);
        }
    });
}

#[test]
fn s2_19_a_customer_number_is_a_department_with_both_fields() {
    everywhere(async |rig| {
        let name = format!("{COMPANY}/units/k1");
        let mut organizations = rig.root().organizations();
        let request = GetUnitRequest { name };
        let unit = organizations.get_unit(request).await.unwrap().into_inner();
        let unit = unit.unit.unwrap();
        assert_eq!(
            (&*unit.kind, &*unit.number, &*unit.display_name),
            ("department", "700100", "Avdeling Oslo")
        );
        let request = ListUnitsRequest {
            parent: COMPANY.to_owned(),
            ..ListUnitsRequest::default()
        };
        let listed = organizations.list_units(request).await.unwrap();
        assert!(listed.into_inner().units.contains(&unit));
    });
}

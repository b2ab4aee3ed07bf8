//! S1: the control panel of a hosting company.

use std::collections::BTreeSet;

use api::entitlement::v1::{ListRolesRequest, Role};
use tests::Rig;

use crate::{
    place::{Places, permissions},
    shared::everywhere,
};

const ACCOUNT: &str = "organizations/webwinkel-zonnebloem";
const ADMINISTRATOR: &str = "users/daan-visser";
const FINANCIAL: &str = "users/femke-bakker";
const TECHNICAL: &str = "users/ruben-smit";

/// Returns the roles in list order, read page by page.
async fn roles(rig: &Rig, page_size: i32) -> Vec<Role> {
    let mut request = ListRolesRequest {
        parent: "applications/hosting".to_owned(),
        page_size,
        ..ListRolesRequest::default()
    };
    let mut roles = Vec::new();
    loop {
        let page = rig.root().catalog().list_roles(request.clone()).await;
        let page = page.unwrap().into_inner();
        roles.extend(page.roles);
        if page.next_page_token.is_empty() {
            return roles;
        }
        request.page_token = page.next_page_token;
    }
}

/// Asserts that a user may, or may not, use each of these permissions anywhere in the account.
fn holds(user: &'static str, verbs: &'static [&'static str], expected: bool) {
    everywhere(async |rig| {
        let places = Places::of(&rig.root(), ACCOUNT).await;
        for verb in verbs {
            let permission = format!("hosting.{verb}");
            for place in places.all() {
                let allowed = rig.allows(user, &permission, &place).await;
                assert_eq!(allowed, expected, "{user} {verb} {place} {:?}", rig.setting);
            }
        }
    });
}

#[test]
fn s1_2_the_roles_are_listed_in_their_order() {
    everywhere(async |rig| {
        for page_size in [0, 1, 2] {
            let roles = roles(rig, page_size).await;
            let ids: Vec<_> = roles.iter().map(|role| role.role_id.as_str()).collect();
            assert_eq!(ids, ["administrator", "financial", "technical"]);
        }
    });
}

#[test]
fn s1_3_an_administrator_may_do_everything() {
    everywhere(async |rig| {
        let places = Places::of(&rig.root(), ACCOUNT).await;
        for permission in permissions(&rig.root(), "hosting").await {
            for place in places.all() {
                assert!(rig.allows(ADMINISTRATOR, &permission, &place).await);
            }
        }
    });
}

#[test]
fn s1_4_an_administrator_manages_products_and_sees_finance() {
    holds(ADMINISTRATOR, &["products.manage", "finance.view"], true);
}

#[test]
fn s1_5_an_administrator_changes_products_and_administration() {
    holds(
        ADMINISTRATOR,
        &[
            "products.terminate",
            "products.transfer",
            "account.holder.update",
        ],
        true,
    );
}

#[test]
fn s1_6_a_financial_user_sees_finance() {
    holds(FINANCIAL, &["finance.view"], true);
}

#[test]
fn s1_8_a_financial_user_handles_invoices_wallet_and_account() {
    holds(
        FINANCIAL,
        &[
            "invoices.view",
            "wallet.topup",
            "invoices.pay",
            "account.holder.update",
            "account.address.update",
        ],
        true,
    );
}

/// S1-7 concerns notices of invoices, which the product does not have yet.
#[test]
fn s1_9_a_financial_user_has_no_products() {
    holds(
        FINANCIAL,
        &[
            "products.manage",
            "products.terminate",
            "products.transfer",
            "products.create",
            "products.delete",
            "products.configure",
        ],
        false,
    );
}

#[test]
fn s1_10_a_technical_user_has_no_finance_and_no_administration() {
    holds(
        TECHNICAL,
        &[
            "finance.view",
            "invoices.view",
            "invoices.pay",
            "wallet.topup",
            "account.view",
            "account.holder.update",
            "account.address.update",
        ],
        false,
    );
}

#[test]
fn s1_11_a_technical_user_creates_deletes_and_configures_products() {
    holds(
        TECHNICAL,
        &["products.create", "products.delete", "products.configure"],
        true,
    );
}

#[test]
fn s1_12_a_technical_user_neither_transfers_nor_terminates() {
    holds(
        TECHNICAL,
        &["products.transfer", "products.terminate"],
        false,
    );
}

#[test]
fn s1_13_financial_and_technical_are_disjoint_and_within_administrator() {
    everywhere(async |rig| {
        let all = permissions(&rig.root(), "hosting").await;
        // Each role is compared through a user who holds only that role.
        let held = async |user: &str| {
            let mut held = BTreeSet::new();
            for permission in &all {
                if rig.allows(user, permission, ACCOUNT).await {
                    held.insert(permission.as_str());
                }
            }
            held
        };
        let administrator = &held(ADMINISTRATOR).await;
        let financial = &held(FINANCIAL).await;
        let technical = &held(TECHNICAL).await;
        assert!(!financial.is_empty() && !technical.is_empty());
        assert!(financial.is_disjoint(technical));
        let union: BTreeSet<&str> = financial.union(technical).copied().collect();
        assert!(union.is_subset(administrator) && union != *administrator);
    });
}

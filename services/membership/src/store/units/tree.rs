//! The shape of the tree of units, read in one query whatever its depth.

use std::collections::HashSet;

use ::store::StoreError;
use membership_core::Tree;
use sea_orm::{
    ConnectionTrait, ExprTrait,
    sea_query::{
        CommonTableExpression, Expr, JoinType, Query, SelectStatement, UnionType, WithClause,
    },
};
use types::{Id, In, OrganizationId, UnitId};

/// Returns the existing units among these, with all their ancestors.
pub(crate) async fn above(
    db: &impl ConnectionTrait,
    organization: &OrganizationId,
    ids: &HashSet<&UnitId>,
) -> Result<Tree, StoreError> {
    let first = Query::select()
        .columns(["id", "parent"])
        .from("units")
        .and_where(Expr::col("organization").eq(organization.as_str()))
        .and_where(Expr::col("id").is_in(ids.iter().map(|id| id.as_str())))
        .to_owned();
    let next = Query::select()
        .columns([("units", "id"), ("units", "parent")])
        .from("units")
        .join(
            JoinType::InnerJoin,
            "near",
            Expr::col(("units", "id")).equals(("near", "parent")),
        )
        .and_where(Expr::col(("units", "organization")).eq(organization.as_str()))
        .to_owned();
    // A distinct union reads shared ancestors once.
    let near = recursive(["id", "parent"], first, UnionType::Distinct, next);
    let query = Query::select()
        .columns(["id", "parent"])
        .from("near")
        .to_owned();
    let rows = db.query_all(&query.with(near)).await?;
    rows.iter()
        .map(|row| {
            let id: String = row.try_get("", "id")?;
            let parent: Option<String> = row.try_get("", "parent")?;
            let parent = parent.map(|parent| UnitId::parse(&parent)).transpose()?;
            Ok((UnitId::parse(&id)?, parent))
        })
        .collect()
}

/// Returns the number of levels from a unit down, including its own.
pub(crate) async fn height(
    db: &impl ConnectionTrait,
    name: &In<UnitId>,
) -> Result<usize, StoreError> {
    let organization = name.organization.as_str();
    let first = Query::select()
        .column("id")
        .expr(Expr::value(1_i64))
        .from("units")
        .and_where(Expr::col("organization").eq(organization))
        .and_where(Expr::col("id").eq(name.id.as_str()))
        .to_owned();
    let next = Query::select()
        .column(("units", "id"))
        .expr(Expr::col(("near", "level")).add(1_i64))
        .from("units")
        .join(
            JoinType::InnerJoin,
            "near",
            Expr::col(("units", "parent")).equals(("near", "id")),
        )
        .and_where(Expr::col(("units", "organization")).eq(organization))
        .to_owned();
    let near = recursive(["id", "level"], first, UnionType::All, next);
    let query = Query::select()
        .expr_as(Expr::col("level").max(), "height")
        .from("near")
        .to_owned();
    let row = db.query_one(&query.with(near)).await?;
    let height: Option<i64> = row
        .map(|row| row.try_get("", "height"))
        .transpose()?
        .flatten();
    Ok(usize::try_from(height.unwrap_or(1)).unwrap_or(usize::MAX))
}

/// Returns the table expression `near`: the rows of `first`, and repeatedly the rows that `next`
/// adds.
fn recursive(
    columns: [&'static str; 2],
    mut first: SelectStatement,
    union: UnionType,
    next: SelectStatement,
) -> WithClause {
    let near = CommonTableExpression::new()
        .table_name("near")
        .columns(columns)
        .query(first.union(union, next).to_owned())
        .to_owned();
    WithClause::new().recursive(true).cte(near).to_owned()
}

//! The edge: maps each method to its use case.

use ::rpc::{Routes, Slots};
use api::entitlement::v1::{
    ApplyGrantChangesForRequest, ApplyGrantChangesForResponse, ApplyGrantChangesRequest,
    ApplyGrantChangesResponse, AuthorizeRequest, AuthorizeResponse, AwaitProjectionRequest,
    AwaitProjectionResponse, BatchCreateGrantsRequest, BatchCreateGrantsResponse,
    CheckBatchRequest, CheckBatchResponse, CheckControlRequest, CheckControlResponse,
    CheckMoveRequest, CheckMoveResponse, CheckRequest, CheckResponse, CheckStreamRequest,
    CreateApplicationRequest, CreateApplicationResponse, CreateCustomRoleRequest,
    CreateCustomRoleResponse, CreateEntitlementRequest, CreateEntitlementResponse,
    CreateGrantRequest, CreateGrantResponse, DeleteCustomRoleRequest, DeleteCustomRoleResponse,
    DiffApplicationRequest, DiffApplicationResponse, EndEntitlementRequest, EndEntitlementResponse,
    ExplainRequest, ExplainResponse, ExportAuditRecordsRequest, ExportAuditRecordsResponse,
    ForgetPersonRequest, ForgetPersonResponse, GetApplicationRequest, GetApplicationResponse,
    GetCustomRoleRequest, GetCustomRoleResponse, GetEntitlementRequest, GetEntitlementResponse,
    GetGrantRequest, GetGrantResponse, ListApplicationsRequest, ListApplicationsResponse,
    ListAuditEntriesRequest, ListAuditEntriesResponse, ListCustomRolesRequest,
    ListCustomRolesResponse, ListEffectiveAccessRequest, ListEffectiveAccessResponse,
    ListEntitlementsRequest, ListEntitlementsResponse, ListGrantsRequest, ListGrantsResponse,
    ListPermissionsRequest, ListPermissionsResponse, ListResourcesRequest, ListResourcesResponse,
    ListRolesRequest, ListRolesResponse, ListSubjectsRequest, ListSubjectsResponse, PreviewRequest,
    PreviewResponse, ReactivateEntitlementRequest, ReactivateEntitlementResponse,
    ReleaseMemberRequest, ReleaseMemberResponse, RevokeGrantRequest, RevokeGrantResponse,
    SummarizeAccessRequest, SummarizeAccessResponse, SuspendEntitlementRequest,
    SuspendEntitlementResponse, TransferEntitlementRequest, TransferEntitlementResponse,
    UpdateApplicationRequest, UpdateApplicationResponse, UpdateCustomRoleRequest,
    UpdateCustomRoleResponse, UpdateGrantRequest, UpdateGrantResponse, WatchRequest,
    audit_service_server::{AuditService, AuditServiceServer},
    authorization_service_server::{AuthorizationService, AuthorizationServiceServer},
    catalog_service_server::{CatalogService, CatalogServiceServer},
    custom_role_service_server::{CustomRoleService, CustomRoleServiceServer},
    grant_service_server::{GrantService, GrantServiceServer},
    peer_service_server::{PeerService, PeerServiceServer},
    watch_service_server::{WatchService, WatchServiceServer},
};
use service::{Attempt, answer, enter, methods};
use tonic::{Request, Response, Status, Streaming, codec::CompressionEncoding::Gzip};

use crate::app::{self, App};

/// The methods of this service.
pub(crate) fn routes(app: &App) -> Routes {
    Routes::default()
        .add_service(AuthorizationServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(AuditServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(CatalogServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(CustomRoleServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(GrantServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(PeerServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(WatchServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
}

struct Edge(App);

methods! { AuthorizationService, for Edge, with app, besides {
        type CheckStreamStream = app::Answers;

        async fn check_stream(
            &self,
            request: Request<Streaming<CheckStreamRequest>>,
        ) -> Result<Response<Self::CheckStreamStream>, Status> {
            let slots = Slots::of(&request);
            let (context, questions) = enter(request)?;
            Ok(Response::new(app::check_stream(&self.0, context, slots, questions)))
        }
    }:
    check(CheckRequest) -> CheckResponse;
    check_batch(CheckBatchRequest) -> CheckBatchResponse;
    explain(ExplainRequest) -> ExplainResponse;
    preview(PreviewRequest) -> PreviewResponse;
    list_resources(ListResourcesRequest) -> ListResourcesResponse;
    list_subjects(ListSubjectsRequest) -> ListSubjectsResponse;
    list_permissions(ListPermissionsRequest) -> ListPermissionsResponse;
    list_effective_access(ListEffectiveAccessRequest) -> ListEffectiveAccessResponse;
}

methods! { CatalogService, for Edge, with app, through app::judge:
    create_application(CreateApplicationRequest) -> CreateApplicationResponse;
    get_application(GetApplicationRequest) -> GetApplicationResponse;
    list_applications(ListApplicationsRequest) -> ListApplicationsResponse;
    update_application(UpdateApplicationRequest) -> UpdateApplicationResponse;
    diff_application(DiffApplicationRequest) -> DiffApplicationResponse;
    list_roles(ListRolesRequest) -> ListRolesResponse;
}

methods! { CustomRoleService, for Edge, with app, through app::judge:
    create_custom_role(CreateCustomRoleRequest) -> CreateCustomRoleResponse;
    get_custom_role(GetCustomRoleRequest) -> GetCustomRoleResponse;
    list_custom_roles(ListCustomRolesRequest) -> ListCustomRolesResponse;
    update_custom_role(UpdateCustomRoleRequest) -> UpdateCustomRoleResponse;
    delete_custom_role(DeleteCustomRoleRequest) -> DeleteCustomRoleResponse;
}

methods! { GrantService, for Edge, with app, through app::judge:
    create_entitlement(CreateEntitlementRequest) -> CreateEntitlementResponse;
    get_entitlement(GetEntitlementRequest) -> GetEntitlementResponse;
    list_entitlements(ListEntitlementsRequest) -> ListEntitlementsResponse;
    suspend_entitlement(SuspendEntitlementRequest) -> SuspendEntitlementResponse;
    reactivate_entitlement(ReactivateEntitlementRequest) -> ReactivateEntitlementResponse;
    end_entitlement(EndEntitlementRequest) -> EndEntitlementResponse;
    transfer_entitlement(TransferEntitlementRequest) -> TransferEntitlementResponse;
    create_grant(CreateGrantRequest) -> CreateGrantResponse;
    batch_create_grants(BatchCreateGrantsRequest) -> BatchCreateGrantsResponse;
    apply_grant_changes(ApplyGrantChangesRequest) -> ApplyGrantChangesResponse;
    get_grant(GetGrantRequest) -> GetGrantResponse;
    list_grants(ListGrantsRequest) -> ListGrantsResponse;
    update_grant(UpdateGrantRequest) -> UpdateGrantResponse;
    revoke_grant(RevokeGrantRequest) -> RevokeGrantResponse;
}

methods! { PeerService, for Edge, with app:
    authorize(AuthorizeRequest) -> AuthorizeResponse;
    await_projection(AwaitProjectionRequest) -> AwaitProjectionResponse;
    apply_grant_changes_for(ApplyGrantChangesForRequest) -> ApplyGrantChangesForResponse;
    check_control(CheckControlRequest) -> CheckControlResponse;
    check_move(CheckMoveRequest) -> CheckMoveResponse;
    release_member(ReleaseMemberRequest) -> ReleaseMemberResponse;
    summarize_access(SummarizeAccessRequest) -> SummarizeAccessResponse;
}

methods! { AuditService, for Edge, with app, through app::judge:
    list_audit_entries(ListAuditEntriesRequest) -> ListAuditEntriesResponse;
    forget_person(ForgetPersonRequest) -> ForgetPersonResponse;
    export_audit_records(ExportAuditRecordsRequest) -> ExportAuditRecordsResponse;
}

methods! { WatchService, for Edge, with app, besides {
        type WatchStream = app::Changes;

        async fn watch(
            &self,
            request: Request<WatchRequest>,
        ) -> Result<Response<Self::WatchStream>, Status> {
            let (context, message) = enter(request)?;
            let attempt = Attempt::of(&context, &message);
            let begun = app::judge(&self.0, &context, message, |app, context, message| {
                Box::pin(app::watch(app, context, message))
            });
            answer(&self.0.store, attempt, begun.await).await
        }
    }:
}

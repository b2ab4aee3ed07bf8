//! The edge: maps methods to use cases.

use ::rpc::Routes;
use api::identity::v1::{
    BatchCreateUsersRequest, BatchCreateUsersResponse, CreateServiceAccountKeyRequest,
    CreateServiceAccountKeyResponse, CreateServiceAccountRequest, CreateServiceAccountResponse,
    CreateUserRequest, CreateUserResponse, DeactivateUserRequest, DeactivateUserResponse,
    DeleteServiceAccountKeyRequest, DeleteServiceAccountKeyResponse, DescribeSubjectsRequest,
    DescribeSubjectsResponse, DisableServiceAccountRequest, DisableServiceAccountResponse,
    EnableServiceAccountRequest, EnableServiceAccountResponse, ExportAuditRecordsRequest,
    ExportAuditRecordsResponse, ForgetPersonRequest, ForgetPersonResponse,
    GetServiceAccountRequest, GetServiceAccountResponse, GetUserRequest, GetUserResponse,
    ListAuditEntriesRequest, ListAuditEntriesResponse, ListServiceAccountKeysRequest,
    ListServiceAccountKeysResponse, ListServiceAccountsRequest, ListServiceAccountsResponse,
    ListUsersRequest, ListUsersResponse, ReactivateUserRequest, ReactivateUserResponse,
    UpdateUserRequest, UpdateUserResponse, VerifyOidcIdentityRequest, VerifyOidcIdentityResponse,
    VerifyServiceAccountKeyRequest, VerifyServiceAccountKeyResponse,
    audit_service_server::{AuditService, AuditServiceServer},
    feed_service_server::FeedServiceServer,
    peer_service_server::{PeerService, PeerServiceServer},
    service_account_service_server::{ServiceAccountService, ServiceAccountServiceServer},
    user_service_server::{UserService, UserServiceServer},
};
use service::{feed_service, methods};

use tonic::codec::CompressionEncoding::Gzip;

use crate::app::{self, App};

/// Returns the methods of this service.
pub(crate) fn routes(app: &App) -> Routes {
    Routes::default()
        .add_service(UserServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(AuditServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(ServiceAccountServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(PeerServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(FeedServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
}

struct Edge(App);

methods! { UserService, for Edge, with app:
    create_user(CreateUserRequest) -> CreateUserResponse;
    batch_create_users(BatchCreateUsersRequest) -> BatchCreateUsersResponse;
    get_user(GetUserRequest) -> GetUserResponse;
    list_users(ListUsersRequest) -> ListUsersResponse;
    update_user(UpdateUserRequest) -> UpdateUserResponse;
    deactivate_user(DeactivateUserRequest) -> DeactivateUserResponse;
    reactivate_user(ReactivateUserRequest) -> ReactivateUserResponse;
}

methods! { ServiceAccountService, for Edge, with app:
    create_service_account(CreateServiceAccountRequest) -> CreateServiceAccountResponse;
    get_service_account(GetServiceAccountRequest) -> GetServiceAccountResponse;
    list_service_accounts(ListServiceAccountsRequest) -> ListServiceAccountsResponse;
    disable_service_account(DisableServiceAccountRequest) -> DisableServiceAccountResponse;
    enable_service_account(EnableServiceAccountRequest) -> EnableServiceAccountResponse;
    create_service_account_key(CreateServiceAccountKeyRequest) -> CreateServiceAccountKeyResponse;
    list_service_account_keys(ListServiceAccountKeysRequest) -> ListServiceAccountKeysResponse;
    delete_service_account_key(DeleteServiceAccountKeyRequest) -> DeleteServiceAccountKeyResponse;
}

methods! { PeerService, for Edge, with app:
    verify_oidc_identity(VerifyOidcIdentityRequest) -> VerifyOidcIdentityResponse;
    verify_service_account_key(VerifyServiceAccountKeyRequest) -> VerifyServiceAccountKeyResponse;
    describe_subjects(DescribeSubjectsRequest) -> DescribeSubjectsResponse;
}

methods! { AuditService, for Edge, with app:
    list_audit_entries(ListAuditEntriesRequest) -> ListAuditEntriesResponse;
    forget_person(ForgetPersonRequest) -> ForgetPersonResponse;
    export_audit_records(ExportAuditRecordsRequest) -> ExportAuditRecordsResponse;
}

feed_service! { api::identity::v1, for Edge }

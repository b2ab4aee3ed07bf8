//! The edge: maps methods to use cases.

use ::rpc::Routes;
use api::membership::v1::{
    ApproveChangeRequestRequest, ApproveChangeRequestResponse, BatchCreateMembershipsRequest,
    BatchCreateMembershipsResponse, BatchCreateResourcesRequest, BatchCreateResourcesResponse,
    BatchCreateUnitsRequest, BatchCreateUnitsResponse, CancelChangeRequestRequest,
    CancelChangeRequestResponse, ConfirmChangeRequestRequest, ConfirmChangeRequestResponse,
    CreateChangeRequestRequest, CreateChangeRequestResponse, CreateContactRequest,
    CreateContactResponse, CreateMembershipRequest, CreateMembershipResponse,
    CreateOrganizationRequest, CreateOrganizationResponse, CreateResourceRequest,
    CreateResourceResponse, CreateUnitRequest, CreateUnitResponse, DeleteContactRequest,
    DeleteContactResponse, DeleteMembershipRequest, DeleteMembershipResponse,
    DeleteResourceRequest, DeleteResourceResponse, DeleteUnitRequest, DeleteUnitResponse,
    ExportAuditRecordsRequest, ExportAuditRecordsResponse, ForgetPersonRequest,
    ForgetPersonResponse, GetChangeRequestRequest, GetChangeRequestResponse, GetContactRequest,
    GetContactResponse, GetMembershipRequest, GetMembershipResponse, GetOrganizationRequest,
    GetOrganizationResponse, GetResourceRequest, GetResourceResponse, GetUnitRequest,
    GetUnitResponse, ListAuditEntriesRequest, ListAuditEntriesResponse, ListChangeRequestsRequest,
    ListChangeRequestsResponse, ListContactsRequest, ListContactsResponse, ListMembershipsRequest,
    ListMembershipsResponse, ListOrganizationsRequest, ListOrganizationsResponse,
    ListResourcesRequest, ListResourcesResponse, ListUnitsRequest, ListUnitsResponse,
    ReactivateMembershipRequest, ReactivateMembershipResponse, ReactivateOrganizationRequest,
    ReactivateOrganizationResponse, RejectChangeRequestRequest, RejectChangeRequestResponse,
    SuspendMembershipRequest, SuspendMembershipResponse, SuspendOrganizationRequest,
    SuspendOrganizationResponse, UpdateContactRequest, UpdateContactResponse,
    UpdateMembershipRequest, UpdateMembershipResponse, UpdateOrganizationRequest,
    UpdateOrganizationResponse, UpdateResourceRequest, UpdateResourceResponse, UpdateUnitRequest,
    UpdateUnitResponse,
    audit_service_server::{AuditService, AuditServiceServer},
    contact_service_server::{ContactService, ContactServiceServer},
    feed_service_server::FeedServiceServer,
    member_service_server::{MemberService, MemberServiceServer},
    organization_service_server::{OrganizationService, OrganizationServiceServer},
    request_service_server::{RequestService, RequestServiceServer},
};
use service::{feed_service, methods};

use tonic::codec::CompressionEncoding::Gzip;

use crate::app::{self, App};

/// Returns the methods of this service.
pub(crate) fn routes(app: &App) -> Routes {
    Routes::default()
        .add_service(OrganizationServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(AuditServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(ContactServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(MemberServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(RequestServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
        .add_service(FeedServiceServer::new(Edge(app.clone())).accept_compressed(Gzip))
}

struct Edge(App);

methods! { OrganizationService, for Edge, with app:
    create_organization(CreateOrganizationRequest) -> CreateOrganizationResponse;
    get_organization(GetOrganizationRequest) -> GetOrganizationResponse;
    list_organizations(ListOrganizationsRequest) -> ListOrganizationsResponse;
    update_organization(UpdateOrganizationRequest) -> UpdateOrganizationResponse;
    suspend_organization(SuspendOrganizationRequest) -> SuspendOrganizationResponse;
    reactivate_organization(ReactivateOrganizationRequest) -> ReactivateOrganizationResponse;
    create_unit(CreateUnitRequest) -> CreateUnitResponse;
    batch_create_units(BatchCreateUnitsRequest) -> BatchCreateUnitsResponse;
    get_unit(GetUnitRequest) -> GetUnitResponse;
    list_units(ListUnitsRequest) -> ListUnitsResponse;
    update_unit(UpdateUnitRequest) -> UpdateUnitResponse;
    delete_unit(DeleteUnitRequest) -> DeleteUnitResponse;
    create_resource(CreateResourceRequest) -> CreateResourceResponse;
    batch_create_resources(BatchCreateResourcesRequest) -> BatchCreateResourcesResponse;
    get_resource(GetResourceRequest) -> GetResourceResponse;
    list_resources(ListResourcesRequest) -> ListResourcesResponse;
    update_resource(UpdateResourceRequest) -> UpdateResourceResponse;
    delete_resource(DeleteResourceRequest) -> DeleteResourceResponse;
}

methods! { ContactService, for Edge, with app:
    create_contact(CreateContactRequest) -> CreateContactResponse;
    get_contact(GetContactRequest) -> GetContactResponse;
    list_contacts(ListContactsRequest) -> ListContactsResponse;
    update_contact(UpdateContactRequest) -> UpdateContactResponse;
    delete_contact(DeleteContactRequest) -> DeleteContactResponse;
}

methods! { MemberService, for Edge, with app:
    create_membership(CreateMembershipRequest) -> CreateMembershipResponse;
    batch_create_memberships(BatchCreateMembershipsRequest) -> BatchCreateMembershipsResponse;
    get_membership(GetMembershipRequest) -> GetMembershipResponse;
    list_memberships(ListMembershipsRequest) -> ListMembershipsResponse;
    update_membership(UpdateMembershipRequest) -> UpdateMembershipResponse;
    suspend_membership(SuspendMembershipRequest) -> SuspendMembershipResponse;
    reactivate_membership(ReactivateMembershipRequest) -> ReactivateMembershipResponse;
    delete_membership(DeleteMembershipRequest) -> DeleteMembershipResponse;
}

methods! { RequestService, for Edge, with app:
    create_change_request(CreateChangeRequestRequest) -> CreateChangeRequestResponse;
    get_change_request(GetChangeRequestRequest) -> GetChangeRequestResponse;
    list_change_requests(ListChangeRequestsRequest) -> ListChangeRequestsResponse;
    confirm_change_request(ConfirmChangeRequestRequest) -> ConfirmChangeRequestResponse;
    cancel_change_request(CancelChangeRequestRequest) -> CancelChangeRequestResponse;
    approve_change_request(ApproveChangeRequestRequest) -> ApproveChangeRequestResponse;
    reject_change_request(RejectChangeRequestRequest) -> RejectChangeRequestResponse;
}

methods! { AuditService, for Edge, with app:
    list_audit_entries(ListAuditEntriesRequest) -> ListAuditEntriesResponse;
    forget_person(ForgetPersonRequest) -> ForgetPersonResponse;
    export_audit_records(ExportAuditRecordsRequest) -> ExportAuditRecordsResponse;
}

feed_service! { api::membership::v1, for Edge }

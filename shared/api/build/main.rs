//! Generates the protobuf code, the field rules as Rust, and the method policies, from the
//! protobuf files alone and without `protoc`.

mod audited;
mod inbound;
mod mutation;
mod policy;
mod shape;

use std::{env, error::Error, fs, path::PathBuf};

use protox::Compiler;

const FILES: &[&str] = &[
    "mandate/common/v1/audit.proto",
    "mandate/common/v1/consistency.proto",
    "mandate/common/v1/error_reason.proto",
    "mandate/common/v1/method_policy.proto",
    "mandate/entitlement/v1/audit_service.proto",
    "mandate/entitlement/v1/authorization_service.proto",
    "mandate/entitlement/v1/catalog_service.proto",
    "mandate/entitlement/v1/error_reason.proto",
    "mandate/entitlement/v1/custom_role_service.proto",
    "mandate/entitlement/v1/grant_service.proto",
    "mandate/entitlement/v1/peer_service.proto",
    "mandate/entitlement/v1/watch_service.proto",
    "mandate/identity/v1/audit_service.proto",
    "mandate/identity/v1/error_reason.proto",
    "mandate/identity/v1/feed_service.proto",
    "mandate/identity/v1/peer_service.proto",
    "mandate/identity/v1/service_account_service.proto",
    "mandate/identity/v1/user_service.proto",
    "mandate/membership/v1/audit_service.proto",
    "mandate/membership/v1/contact_service.proto",
    "mandate/membership/v1/error_reason.proto",
    "mandate/membership/v1/feed_service.proto",
    "mandate/membership/v1/member_service.proto",
    "mandate/membership/v1/organization_service.proto",
    "mandate/membership/v1/request_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let protos = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    #[expect(clippy::print_stdout, reason = "how a build script talks to cargo")]
    {
        println!("cargo:rerun-if-changed={}", protos.display());
    }

    let mut compiler = Compiler::new([&protos])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(FILES)?;
    // Encoded by the compiler, because the option extensions do not survive a
    // `prost_types::FileDescriptorSet`.
    fs::write(
        out.join("descriptors.bin"),
        compiler.encode_file_descriptor_set(),
    )?;

    let pool = compiler.descriptor_pool();
    fs::write(out.join("audited.rs"), audited::generate(&pool)?)?;
    fs::write(out.join("inbound.rs"), inbound::generate(&pool)?)?;
    fs::write(out.join("mutations.rs"), mutation::generate(&pool)?)?;
    fs::write(out.join("shapes.rs"), shape::generate(&pool)?)?;
    fs::write(out.join("policies.rs"), policy::generate(&pool)?)?;

    tonic_prost_build::configure()
        .build_transport(false)
        .codec_path("crate::codec::ValidatingCodec")
        .extern_path(".google.rpc.Status", "::tonic_types::Status")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

use super::*;

fn context(port: u16) -> Context {
    Context {
        identity: format!("http://127.0.0.1:{port}"),
        membership: format!("http://127.0.0.1:{port}"),
        entitlement: format!("http://127.0.0.1:{port}"),
        key_file: PathBuf::from("/key"),
        ca_file: None,
    }
}

#[test]
fn a_saved_context_is_current_and_private_and_the_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mandate").join("contexts.json");
    save_current(&path, "dev", context(1)).unwrap();
    save_current(&path, "test", context(2)).unwrap();

    let contexts = load(&path).unwrap();
    assert_eq!(contexts.choose(None).unwrap(), ("test", &context(2)));
    assert_eq!(contexts.choose(Some("dev")).unwrap(), ("dev", &context(1)));
    let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_context_that_does_not_exist_cannot_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contexts.json");
    assert!(matches!(
        load(&path).unwrap().choose(None),
        Err(ContextError::NoneChosen)
    ));
    save_current(&path, "dev", context(1)).unwrap();
    assert!(matches!(
        make_current(&path, "other"),
        Err(ContextError::Unknown { .. })
    ));
    assert_eq!(load(&path).unwrap().current.as_deref(), Some("dev"));
}

#[test]
fn a_malformed_file_is_an_error_and_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contexts.json");
    fs::write(&path, "{\"curent\": 1}").unwrap();
    assert!(matches!(load(&path), Err(ContextError::Malformed { .. })));
    assert!(save_current(&path, "dev", context(1)).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "{\"curent\": 1}");
}

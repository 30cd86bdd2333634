//! What a world is built from.
#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use roster_harness::build;

#[tokio::test]
async fn the_functions_are_built_where_the_tests_were_built() {
    let folder = build::functions().await.unwrap();
    assert!(folder.join("discovery").is_file(), "{}", folder.display());
    assert!(std::env::current_exe().unwrap().starts_with(folder));
}

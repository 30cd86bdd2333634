//! What is written twice says the same twice: the route table and the access patterns of the code, the deployment template, the
//! functions' folders, and the files generated from them.

pub(crate) mod generated;
mod permissions;
mod routes;
mod template;

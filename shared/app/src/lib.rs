//! The only wiring: configuration, clients, serve.

//! Tests: a server, a client and workers in one process, in virtual time.

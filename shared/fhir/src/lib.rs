//! FHIR R4, pure: resource envelope, references, search, bundles, outcomes, definitions.

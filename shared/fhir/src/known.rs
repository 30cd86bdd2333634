/// Whether `kind` is the name of a resource type: FHIR R4's, or one of Medplum's administrative ones.
pub fn known(kind: &str) -> bool {
    // The names are checked in sorted; a binary search over the text would save nothing that can be measured.
    !kind.is_empty() && known_types().any(|name| name == kind)
}

/// The names of all resource types.
pub fn known_types() -> impl Iterator<Item = &'static str> {
    include_str!("resource-types.txt").lines()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resource_types_are_known_and_data_types_are_not() {
        assert!(known("Patient") && known("ProjectMembership") && known("VisionPrescription"));
        for other in ["HumanName", "Resource", "patient", "Bogus", ""] {
            assert!(!known(other), "{other}");
        }
    }
}

/// A well-formed request that the rules refuse, in the words of the business. `gateway` alone knows which status each has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody we know: no credentials, bad ones, or ones that no longer count.
    #[error("Unauthorized")]
    Unauthorized,
    /// The caller may not do this at all.
    #[error("Forbidden")]
    Forbidden,
    /// No such thing, or none that the caller may know of.
    #[error("Not found")]
    NotFound,
    /// It was there and has been deleted.
    #[error("Gone")]
    Gone,
    /// `If-Match` names another version than the stored one.
    #[error("Precondition Failed")]
    Stale,
    /// The user already has a membership in this project.
    #[error("User is already a member of this project")]
    AlreadyMember,
    /// An upsert names another profile than the membership has.
    #[error("User is already a member of this project with a different profile")]
    DifferentProfile,
    /// An upsert meets several memberships of one user.
    #[error("Multiple resources found matching condition")]
    MultipleMatches,
    /// The external id belongs to another member of the project.
    #[error("A member with this externalId already exists in the project")]
    ExternalIdTaken,
    /// The user name belongs to another member of the project.
    #[error("A member with this userName already exists in the project")]
    UserNameTaken,
    /// The project has as many resources as it may have.
    #[error("Resource cap exceeded")]
    ResourceCap,
    /// Another configuration names the domain.
    #[error("The domain has a configuration already")]
    DomainTaken,
    /// The e-mail address belongs to another user of the same scope.
    #[error("Email already registered")]
    EmailTaken,
    /// The project would be left without an administrator.
    #[error("A project must keep at least one active administrator")]
    LastAdmin,
    /// The owner's membership cannot be deleted.
    #[error("Cannot delete the owner of the project")]
    OwnerRemoval,
    /// The owner's membership cannot lose its rights.
    #[error("Cannot demote the owner of the project")]
    OwnerDemotion,
    /// A membership points to this profile.
    #[error("A profile that belongs to a membership cannot be deleted")]
    ProfileInUse,
    /// The person has accepted the invitation already.
    #[error("The invitation was already accepted")]
    InvitationAccepted,
    /// The invitation has been taken back.
    #[error("The invitation was revoked")]
    InvitationRevoked,
    /// There is no address to send an invitation to.
    #[error("The invited user has no email address")]
    NoAddress,
    /// The link of a letter has been used.
    #[error("Already used")]
    LinkUsed,
    /// The link of a letter is too old.
    #[error("The link has expired")]
    LinkExpired,
    /// A later link, or a change of the password or the address, stands in its place.
    #[error("The link is no longer valid")]
    LinkSuperseded,
    /// More letters to one address than a stranger may ask for.
    #[error("Too many requests")]
    TooManyLetters,
    /// Another request changed the same thing first, again and again.
    #[error("The resource was changed by another request; read it again and repeat")]
    Contended,
    /// The job is over.
    #[error("The job is over")]
    JobOver,
    /// What was begun cannot be taken back.
    #[error("What was deleted cannot be brought back")]
    NoWayBack,
    /// The server administrators' project stays.
    #[error("The project of the server's administrators can be neither copied nor deleted")]
    SuperProject,
    /// A membership points to this user.
    #[error("A user who is a member of a project cannot be deleted")]
    UserInUse,
    /// The body, or what would have to be stored, is larger than the server takes.
    #[error("File too large")]
    TooLarge,
    /// An `Idempotency-Key` was used before with another body.
    #[error("Idempotency-Key was already used with a different request body")]
    IdempotencyMismatch,
    /// The caller, or his address, has used up the requests of this minute, or has to wait after failed attempts to sign in.
    #[error("Too Many Requests")]
    TooManyRequests {
        /// After how many seconds to come back.
        wait: u32,
    },
}

impl Refusal {
    /// Whether it is a decision about what the caller wanted, to be written down; not a matter of form, of credentials, of versions
    /// or of what is there at all.
    pub fn is_decision(&self) -> bool {
        !matches!(
            self,
            Self::Unauthorized
                | Self::NotFound
                | Self::Gone
                | Self::Stale
                | Self::MultipleMatches
                | Self::TooLarge
                | Self::IdempotencyMismatch
                | Self::Contended
                | Self::TooManyRequests { .. }
        )
    }
}

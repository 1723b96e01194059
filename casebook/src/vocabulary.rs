//! The words of the domain. New words go at the end of their list, and nothing is ever renumbered.

use crate::words::vocabulary;

pub use crate::words::{LabelError, UnknownWord};

vocabulary!(
    /// What a member bases a statement on.
    Basis, "basis", {
        OwnAct = "own_act",
        OfficialCommunication = "official_communication",
        Observation = "observation",
        PublicSource = "public_source",
    }
);

vocabulary!(
    /// How far a statement has been verified by whoever makes it.
    Verification, "verification", {
        Unverified = "unverified",
        SingleSource = "single_source",
        Corroborated = "corroborated",
        ConfirmedByCompetentAuthority = "confirmed_by_competent_authority",
    }
);

vocabulary!(
    /// Whether a case is real. Demonstrations are marked wherever they show.
    Nature, "nature", {
        Real = "real",
        Demonstration = "demonstration",
    }
);

vocabulary!(
    /// How peacekeepers were attacked.
    IncidentType, "incident type", {
        Ied = "ied",
        LandmineErw = "landmine_erw",
        Vbied = "vbied",
        SuicideAttack = "suicide_attack",
        AmbushSmallArms = "ambush_small_arms",
        DirectFireHeavyWeapon = "direct_fire_heavy_weapon",
        Rpg = "rpg",
        IndirectFire = "indirect_fire",
        AirOrDroneStrike = "air_or_drone_strike",
        AircraftDowned = "aircraft_downed",
        AircraftFiredUpon = "aircraft_fired_upon",
        AttackOnBase = "attack_on_base",
        ArmedClash = "armed_clash",
        Sniper = "sniper",
        Grenade = "grenade",
        BladedWeapon = "bladed_weapon",
        CloseQuartersKilling = "close_quarters_killing",
        Abduction = "abduction",
        HostageTaking = "hostage_taking",
        Detention = "detention",
        CarjackingRobbery = "carjacking_robbery",
        MobViolence = "mob_violence",
        Arson = "arson",
        AssaultNoWeapon = "assault_no_weapon",
        SexualAssault = "sexual_assault",
        ThreatHarassment = "threat_harassment",
        VehicleDamage = "vehicle_damage",
        CyberOrDisinformationIncitement = "cyber_or_disinformation_incitement",
        ExplosionUnattributed = "explosion_unattributed",
        Unknown = "unknown",
        SmallArmsFire = "small_arms_fire",
    }
);

vocabulary!(
    /// What was done to them, in the terms of the 1994 Convention (art. 9) and resolution 2589.
    OffenceCategory, "offence category", {
        Killing = "killing",
        AttemptedKilling = "attempted_killing",
        Abduction = "abduction",
        UnlawfulDetention = "unlawful_detention",
        HostageTaking = "hostage_taking",
        OtherAttackOnPersonOrLiberty = "other_attack_on_person_or_liberty",
        AttackOnPremisesOrTransport = "attack_on_premises_or_transport",
        Threat = "threat",
        Attempt = "attempt",
        Complicity = "complicity",
        SexualViolence = "sexual_violence",
        TortureOrIllTreatment = "torture_or_ill_treatment",
        Robbery = "robbery",
        DamageToOrTheftOfProperty = "damage_to_or_theft_of_property",
        Obstruction = "obstruction",
    }
);

vocabulary!(
    /// What kind of personnel somebody belonged to. `military` and `police` are for sources that
    /// say no more than that.
    PersonnelCategory, "personnel category", {
        MilitaryContingent = "military_contingent",
        MilitaryStaffOfficer = "military_staff_officer",
        MilitaryObserver = "military_observer",
        PoliceFpu = "police_fpu",
        PoliceIndividual = "police_individual",
        GovernmentProvidedPersonnel = "government_provided_personnel",
        CivilianInternational = "civilian_international",
        CivilianNational = "civilian_national",
        UnVolunteerInternational = "un_volunteer_international",
        UnVolunteerNational = "un_volunteer_national",
        ConsultantContractor = "consultant_contractor",
        ExpertOnMission = "expert_on_mission",
        AssociatedPersonnel = "associated_personnel",
        Other = "other",
        Military = "military",
        Police = "police",
    }
);

vocabulary!(
    /// The six categories of the United Nations' casualty data.
    UnCategory, "category of the casualty data", {
        Military = "Military",
        MilitaryObserver = "Military Observer",
        Police = "Police",
        InternationalCivilian = "International Civilian",
        Local = "Local",
        Other = "Other",
    }
);

impl PersonnelCategory {
    /// The category of the United Nations' casualty data that it falls into.
    #[must_use]
    pub const fn un_category(self) -> UnCategory {
        match self {
            Self::MilitaryContingent | Self::MilitaryStaffOfficer | Self::Military => {
                UnCategory::Military
            }
            Self::MilitaryObserver => UnCategory::MilitaryObserver,
            Self::PoliceFpu | Self::PoliceIndividual | Self::Police => UnCategory::Police,
            Self::CivilianInternational
            | Self::UnVolunteerInternational
            | Self::ConsultantContractor
            | Self::GovernmentProvidedPersonnel => UnCategory::InternationalCivilian,
            Self::CivilianNational | Self::UnVolunteerNational => UnCategory::Local,
            Self::ExpertOnMission | Self::AssociatedPersonnel | Self::Other => UnCategory::Other,
        }
    }

    /// The category that a row of the United Nations' casualty data states, and no more than that.
    #[must_use]
    pub const fn from_un_category(category: UnCategory) -> Self {
        match category {
            UnCategory::Military => Self::Military,
            UnCategory::MilitaryObserver => Self::MilitaryObserver,
            UnCategory::Police => Self::Police,
            UnCategory::InternationalCivilian => Self::CivilianInternational,
            UnCategory::Local => Self::CivilianNational,
            UnCategory::Other => Self::Other,
        }
    }
}

vocabulary!(
    /// How a notification was sent.
    Channel, "channel", {
        NoteVerbale = "note_verbale",
        Letter = "letter",
        Meeting = "meeting",
        Telephone = "telephone",
        Electronic = "electronic",
        Other = "other",
    }
);

vocabulary!(
    /// At what level a court judged.
    Level, "level", {
        FirstInstance = "first_instance",
        Appeal = "appeal",
        Final = "final",
    }
);

vocabulary!(
    /// What a judgment says about one accused.
    Outcome, "outcome", {
        Convicted = "convicted",
        ConvictedOfOtherOffence = "convicted_of_other_offence",
        Acquitted = "acquitted",
        Dismissed = "dismissed",
        Transferred = "transferred",
        Deceased = "deceased",
    }
);

vocabulary!(
    /// Whether an accused was there.
    Presence, "presence", {
        NotStated = "not_stated",
        Present = "present",
        InAbsentia = "in_absentia",
    }
);

vocabulary!(
    /// What sentence an accused received, in classes.
    Sentence, "sentence class", {
        NotStated = "not_stated",
        NoSentence = "no_sentence",
        Fine = "fine",
        Suspended = "suspended",
        PrisonUnder5Years = "prison_under_5_years",
        Prison5ToUnder10Years = "prison_5_to_under_10_years",
        Prison10YearsOrMore = "prison_10_years_or_more",
        Life = "life",
        Capital = "capital",
    }
);

vocabulary!(
    /// Why somebody corrects or retracts an own statement.
    Reason, "reason", {
        NewInformation = "new_information",
        CasualtyUpdate = "casualty_update",
        Clerical = "clerical",
        ClassificationChange = "classification_change",
        SourceConflict = "source_conflict",
        Translation = "translation",
        MadeInError = "made_in_error",
    }
);

vocabulary!(
    /// Why a case is closed. The last three are also for the Secretariat to say.
    ClosingReason, "reason for closing", {
        FinalAcquittal = "final_acquittal",
        SentenceServed = "sentence_served",
        NoSuspect = "no_suspect",
        InsufficientEvidence = "insufficient_evidence",
        TimeBarred = "time_barred",
        Amnesty = "amnesty",
        SuspectDeceased = "suspect_deceased",
        Transferred = "transferred",
        NotHostile = "not_hostile",
        Duplicate = "duplicate",
        OutOfScope = "out_of_scope",
    }
);

vocabulary!(
    /// What a document is.
    DocumentClass, "class of document", {
        Document = "document",
        Image = "image",
        Recording = "recording",
        Data = "data",
        Other = "other",
    }
);

vocabulary!(
    /// What a document is for.
    DocumentUse, "use of a document", {
        Evidentiary = "evidentiary",
        Working = "working",
    }
);

vocabulary!(
    /// Why a sealed part is erased.
    ErasureReason, "reason for erasing", {
        SecretLeak = "secret_leak",
        PersonalData = "personal_data",
        LegalOrSafetyOrder = "legal_or_safety_order",
        MaliciousContent = "malicious_content",
    }
);

vocabulary!(
    /// What somebody is in a case whose identity a member holds.
    PersonRole, "role of a person", {
        Victim = "victim",
        Accused = "accused",
    }
);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_word_reads_back_as_itself_and_a_wrong_one_names_the_right_ones() {
        for known in IncidentType::ALL {
            assert_eq!(known.as_str().parse::<IncidentType>().as_ref(), Ok(known));
        }
        let refused = "guilty".parse::<Level>().unwrap_err().to_string();
        let says =
            "\"guilty\" is not a known level, expected one of: first_instance, appeal, final";
        assert_eq!(refused, says);
    }

    #[test]
    fn a_category_of_the_casualty_data_keeps_its_meaning() {
        for category in UnCategory::ALL {
            assert_eq!(PersonnelCategory::from_un_category(*category).un_category(), *category);
        }
    }
}

use chrono_tz::{TZ_VARIANTS, Tz};

/// Where nothing else is said.
pub(super) const UTC: Tz = Tz::Etc__UTC;

/// The time zone of an IANA name, in its exact spelling, as Oban wants it.
pub(super) fn zone(name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_| {
        let hint = nearest(name).map(|zone| format!("; did you mean {:?}?", zone.name())).unwrap_or_default();
        format!(
            "time zone {name:?} is unknown{hint}; use a name of the IANA database, such as \"Europe/Berlin\""
        )
    })
}

/// The zone of this name in another case, or whose city it is.
fn nearest(name: &str) -> Option<&'static Tz> {
    let city = |zone: &Tz| zone.name().rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(name));
    let whole = TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name));
    whole.or_else(|| TZ_VARIANTS.iter().find(|zone| city(zone)))
}

#[cfg(test)]
mod tests {
    use super::zone;

    #[test]
    fn takes_exact_names_and_suggests_the_rest() {
        assert_eq!(zone("America/Chicago").unwrap().name(), "America/Chicago");
        for (name, hint) in [("america/chicago", "\"America/Chicago\""), ("Berlin", "\"Europe/Berlin\"")] {
            let error = zone(name).unwrap_err();
            assert!(error.contains(&format!("{name:?} is unknown; did you mean {hint}?")), "{error}");
        }
        assert!(!zone("Moon/Tycho").unwrap_err().contains("did you mean"));
    }
}

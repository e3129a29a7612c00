//! Finds the column that a caller asks for.

use crate::Decision;
use crate::error::TableError;

/// The column named `wanted`, or with that number, counted from 1, if the columns have no names. If `wanted` is `None`, the
/// only column, or the only one with one of the `known` names.
pub(crate) fn find(decision: &Decision, wanted: Option<&str>, known: &[&str]) -> Result<usize, TableError> {
    let refused = || TableError::column(wanted, decision);
    let names = decision.names.as_deref().unwrap_or_default();
    let only = |is: &dyn Fn(&str) -> bool| {
        let mut found = names.iter().enumerate().filter(|(_, name)| is(name)).map(|(index, _)| index);
        found.next().filter(|_| found.next().is_none())
    };
    match wanted {
        Some(wanted) => {
            let number =
                || wanted.parse().ok().filter(|number| names.is_empty() && (1..=decision.columns).contains(number));
            only(&|name| name == wanted).or_else(|| number().map(|number: usize| number - 1)).ok_or_else(refused)
        }
        None if decision.columns == 1 => Ok(0),
        None => only(&|name| known.iter().any(|known| name.eq_ignore_ascii_case(known))).ok_or_else(refused),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Limits, Options, Table, TableError};

    fn column(text: &str, wanted: Option<&str>) -> Result<usize, TableError> {
        let table = Table::read(text.as_bytes(), &Options::default(), Limits::default())?;
        table.column(wanted, &["label", "class"])
    }

    #[test]
    fn a_column_goes_by_its_name_or_is_the_only_one() {
        assert_eq!(column("class\n3\n", None), Ok(0));
        assert_eq!(column("anything\n3\n", None), Ok(0));
        assert_eq!(column("3\n4\n", None), Ok(0));
        assert_eq!(column("image,Label\n0,3\n1,4\n", None), Ok(1));
        assert_eq!(column("image,label\n0,3\n1,4\n", Some("image")), Ok(0));
        assert_eq!(column(",class\n0,3\n1,4\n", None), Ok(1));
        assert_eq!(column("5,3\n6,4\n", Some("2")), Ok(1));
    }

    #[test]
    fn an_unclear_column_is_refused_with_the_names_of_all() {
        for (text, wanted) in [
            ("image,digit\n0,3\n1,4\n", None),
            ("label,class\n0,3\n1,4\n", None),
            ("image,label\n0,3\n1,4\n", Some("Label")),
            ("image,label\n0,3\n1,4\n", Some("2")),
        ] {
            let refused = column(text, wanted).unwrap_err().to_string();
            assert!(refused.contains("--column") && refused.contains(&text[..5]), "{refused}");
        }
        let refused = column("5,3\n6,4\n", None).unwrap_err().to_string();
        assert!(refused.contains("2 without names"), "{refused}");
    }
}

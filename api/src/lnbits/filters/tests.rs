//! Filters as people spell them, in both dialects: which rows they mean, by the bounds they set.

use super::*;

fn params(dialect: Dialect, query: &str) -> Params {
    let pairs = serde_urlencoded::from_str(query).unwrap_or_default();
    Params { pairs, dialect }
}

fn read(dialect: Dialect, query: &str) -> Option<ListQuery> {
    params(dialect, query).list(Page::Plain, Vec::new()).ok()
}

#[test]
fn amounts_are_in_the_unit_of_the_dialect() {
    let table = [
        ("amount=5", (5_000, 5_999), (5, 5)),
        ("amount=-5", (-5_000, -4_001), (-5, -5)),
        ("amount[gt]=0", (1_000, i64::MAX), (1, i64::MAX)),
        ("amount[lt]=0", (i64::MIN, -1), (i64::MIN, -1)),
        ("amount[ge]=0", (0, i64::MAX), (0, i64::MAX)),
        ("amount[ge]=2&amount[le]=3", (2_000, 3_999), (2, 3)),
    ];
    for (query, documented, v1) in table {
        let found = |dialect| read(dialect, query).and_then(|query| query.amount_msat);
        assert_eq!(found(Dialect::Documented), Some(documented), "{query}");
        assert_eq!(found(Dialect::V1), Some(v1), "{query}");
    }
}

#[test]
fn moments_are_seconds_or_dates() {
    let millis = |query: &str| {
        let read = read(Dialect::Documented, query);
        read.map(|read| {
            (
                read.from.map(|at| at.as_millis()),
                read.to.map(|at| at.as_millis()),
            )
        })
    };
    let table = [
        ("time[gt]=100", Some((Some(101_000), None))),
        ("time=100", Some((Some(100_000), Some(100_999)))),
        ("time[lt]=100", Some((None, Some(99_999)))),
        ("time[ge]=1970-01-02", Some((Some(86_400_000), None))),
        (
            "time[le]=1970-01-01T00:00:01.5%2B00:00",
            Some((None, Some(1_500))),
        ),
        (
            "time[le]=1970-01-01T01:00:01+01:00",
            Some((None, Some(1_000))),
        ),
        ("time[le]=1970-01-01 00:01&time[le]=x", None),
        ("time=yesterday", None),
    ];
    for (query, wanted) in table {
        assert_eq!(millis(query), wanted, "{query}");
    }
}

#[test]
fn what_an_index_knows_is_not_looked_for_in_rows() {
    let indexed = [
        "",
        "status=success",
        "status[ne]=pending",
        "tag[in]=a,b",
        "amount[gt]=1",
        "time[gt]=1",
        "checking_id=zz",
        "foo=1",
        "amount[zz]=1",
        "search=",
        "sortby=time",
        "recheck_pending=true",
    ];
    for query in indexed {
        let read = read(Dialect::V1, query);
        let looked_for = |read: ListQuery| (read.glance.is_some(), read.matches.is_some());
        assert_eq!(read.map(looked_for), Some((false, false)), "{query}");
    }
    // What entries tell, and what only rows do.
    for (query, wanted) in [
        ("memo=a", (true, false)),
        ("search=a", (true, false)),
        ("amount[ne]=1", (true, false)),
        ("tag[ne]=a", (true, false)),
        ("time[ne]=1&status[like]=succ", (true, false)),
        ("fee[gt]=1", (true, false)),
        ("preimage=00", (false, true)),
        ("payment_hash[like]=00&search=a", (true, true)),
    ] {
        let read = read(Dialect::V1, query);
        let looked_for = |read: ListQuery| (read.glance.is_some(), read.matches.is_some());
        assert_eq!(read.map(looked_for), Some(wanted), "{query}");
    }
}

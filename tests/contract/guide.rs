//! The guide to the surface names every route and every code there is. Knows nothing of what it says
//! about them.

const GUIDE: &str = include_str!("../../docs/pos.md");
const ROUTER: &str = include_str!("../../api/src/pos/mod.rs");
const ERRORS: &str = include_str!("../../api/src/pos/error/mod.rs");

/// What stands between quotation marks in a line.
fn quoted(line: &str) -> Option<&str> {
    line.split('"').nth(1)
}

/// A path without the names of its parts, which differ between Rust and the guide.
fn nameless(text: &str) -> String {
    let mut out = String::new();
    for part in text.split_inclusive(['{', '}']) {
        if part.ends_with('}') {
            out.push('}');
        } else {
            out.push_str(part);
        }
    }
    out
}

#[test]
fn every_route_is_in_the_guide() {
    let (routes, _) = GUIDE.split_once("\n## Tiers").expect("a section of routes");
    let routes = nameless(routes);
    let router = ROUTER.lines().filter(|line| line.contains(".route("));
    let paths: Vec<String> = router.filter_map(quoted).map(nameless).collect();
    assert!(paths.len() > 40, "the routes were not found: {paths:?}");
    for path in paths {
        // A list and its rows share a line of the table.
        let tail = path.strip_prefix("/wallet/payments").unwrap_or(&path);
        let told = [format!("{path}`"), format!("`...{tail}`")];
        assert!(told.iter().any(|text| routes.contains(text)), "{path}");
    }
}

#[test]
fn every_code_is_in_the_guide_s_table() {
    let (_, errors) = GUIDE
        .split_once("\n## Errors")
        .expect("a section of errors");
    let (table, _) = errors.split_once("**202").expect("the end of its table");
    let (_, rows) = ERRORS
        .split_once("const fn row")
        .expect("the table in the code");
    let (rows, _) = rows.split_once("\n    }\n").expect("its end");
    let codes: Vec<&str> = rows.lines().filter_map(quoted).collect();
    assert!(codes.len() > 30, "the codes were not found: {codes:?}");
    for code in codes {
        assert!(table.contains(&format!("`{code}`")), "{code}");
    }
}

//! The house rules that a test can check: file and function lengths, a first line that says what
//! a file is for, and which crate may not know what.

use std::fs;
use std::path::{Path, PathBuf};

/// No file is longer; most are under 250 lines.
const MAX_FILE_LINES: usize = 600;
/// No function is longer.
const MAX_FUNCTION_LINES: usize = 70;
/// But for tests: a table is as long as it is.
const MAX_TEST_LINES: usize = 120;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources() -> Vec<(String, String)> {
    fn walk(dir: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(dir).expect("a folder of the project") {
            let path = entry.expect("an entry of it").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    for folder in ["src", "actors", "api", "regtest", "tests"] {
        walk(&root().join(folder), &mut found);
    }
    let name = |path: &Path| {
        let path = path.strip_prefix(root()).expect("below the root");
        path.display().to_string()
    };
    found
        .iter()
        .map(|path| {
            (
                name(path),
                fs::read_to_string(path).expect("readable source"),
            )
        })
        .collect()
}

fn complaints(check: impl Fn(&str, &str) -> Vec<String>) -> Vec<String> {
    let sources = sources();
    assert!(
        sources.len() > 50,
        "the sources were not found: {}",
        sources.len()
    );
    sources
        .iter()
        .flat_map(|(name, text)| check(name, text))
        .collect()
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = complaints(|name, text| {
        let says = text.starts_with("//! ") && text.lines().next().is_some_and(|l| l.len() > 20);
        if says {
            Vec::new()
        } else {
            vec![name.to_owned()]
        }
    });
    assert!(
        silent.is_empty(),
        "files without a first line of `//!`: {silent:#?}"
    );
}

#[test]
fn files_are_short() {
    let long = complaints(|name, text| {
        let lines = text.lines().count();
        if lines > MAX_FILE_LINES {
            vec![format!("{name}: {lines}")]
        } else {
            Vec::new()
        }
    });
    assert!(
        long.is_empty(),
        "files over {MAX_FILE_LINES} lines: {long:#?}"
    );
}

/// Rustfmt ends every function with a brace in the column of its `fn`.
#[test]
fn functions_are_short() {
    let long = complaints(|name, text| {
        let lines: Vec<&str> = text.lines().collect();
        let mut long = Vec::new();
        for (start, line) in lines.iter().enumerate() {
            let code = line.trim_start();
            let indent = line.len() - code.len();
            let is_function = [
                "fn ",
                "pub fn ",
                "async fn ",
                "pub async fn ",
                "pub(super) fn ",
            ]
            .iter()
            .chain(&[
                "pub(crate) fn ",
                "pub(crate) async fn ",
                "pub(super) async fn ",
            ])
            .any(|head| code.starts_with(head));
            if !is_function || code.ends_with(';') {
                continue;
            }
            let end = format!("{}}}", " ".repeat(indent));
            let length = lines[start..]
                .iter()
                .position(|line| *line == end)
                .unwrap_or(0);
            let is_test = name.starts_with("tests/") || name.contains("tests");
            let limit = if is_test {
                MAX_TEST_LINES
            } else {
                MAX_FUNCTION_LINES
            };
            if length > limit {
                long.push(format!("{name}:{}: {length}", start + 1));
            }
        }
        long
    });
    assert!(
        long.is_empty(),
        "functions over {MAX_FUNCTION_LINES} lines: {long:#?}"
    );
}

#[test]
fn each_layer_knows_only_what_it_may() {
    let forbidden: &[(&str, &[&str])] = &[
        (
            "src/",
            &[
                "tokio",
                "ldk_node",
                "sled::",
                "axum",
                "rusqlite",
                "SystemTime",
                "getrandom",
            ],
        ),
        ("actors/src/", &["axum", "StatusCode"]),
        (
            "api/src/",
            &["ldk_node", "ractor", "sled::", "rusqlite", "ActorRef"],
        ),
        ("api/src/pos/", &["crate::config", "crate::cli"]),
    ];
    let trespasses = complaints(|name, text| {
        let rules = forbidden
            .iter()
            .filter(|(folder, _)| name.starts_with(folder));
        rules
            .flat_map(|(_, words)| words.iter())
            .flat_map(|word| {
                let code = text.lines().enumerate().filter(|(_, line)| {
                    let line = line.trim_start();
                    !line.starts_with("//") && line.contains(word)
                });
                code.map(move |(at, _)| format!("{name}:{}: {word}", at + 1))
                    .collect::<Vec<_>>()
            })
            .collect()
    });
    assert!(
        trespasses.is_empty(),
        "a layer knows what it must not: {trespasses:#?}"
    );
}

#[test]
fn nothing_is_left_undone() {
    let marks = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("#[ig", "nore"),
    ];
    let undone = complaints(|name, text| {
        let found = marks.iter().filter(|mark| text.contains(**mark));
        found.map(|mark| format!("{name}: {mark}")).collect()
    });
    assert!(undone.is_empty(), "left undone: {undone:#?}");
}

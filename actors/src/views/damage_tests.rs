//! Views whose files were damaged while nobody had them open: every start has what the journal
//! says, whatever happened to them.

use std::fs;
use std::path::{Path, PathBuf};

use super::tests::{busy, rows};
use super::*;
use crate::testing::{Books, copy_all};

/// Positions tried in each file of the larger views; of the small ones every used byte is.
const SAMPLES: u64 = 40;

/// A generator of positions that is the same every time (xorshift64).
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A till's folder that is copied, damaged and opened again and again.
struct Original {
    dir: tempfile::TempDir,
    rows: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Original {
    fn of(fill: impl FnOnce(&Path) -> Books) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let books = fill(dir.path());
        let rows = rows(&books.views);
        books.views.close();
        Self { dir, rows }
    }

    /// The files of the views, by their paths within the folder.
    fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.dir.path().join("views")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(self.dir.path()).unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }

    fn bytes(&self, file: &Path) -> Vec<u8> {
        fs::read(self.dir.path().join(file)).unwrap()
    }

    /// Opens a copy in which `file` has other bytes, and checks every entry, read both ways.
    fn opens_as_it_was(&self, file: &Path, bytes: &[u8], what: &str) {
        let copy = tempfile::tempdir().unwrap();
        copy_all(self.dir.path(), copy.path());
        fs::write(copy.path().join(file), bytes).unwrap();
        let books = Books::open(copy.path());
        assert!(rows(&books.views) == self.rows, "{what}: other entries");
        for (key, value) in &self.rows {
            let found = books.views.tree.get(key).unwrap();
            assert_eq!(found.as_deref(), Some(value.as_slice()), "{what}");
        }
    }
}

/// One invoice, asked for and paid.
fn one_sale(dir: &Path) -> Books {
    let mut books = Books::open(dir);
    books.ask(1, None);
    books.earn(1);
    books
}

/// Enough for several leaves and for references beyond one page.
fn many_sales(dir: &Path) -> Books {
    let mut books = busy(dir);
    for n in 12..100 {
        books.ask(n, Some(&"long reference ".repeat(600)));
    }
    books
}

fn flip(original: &Original, file: &Path, bytes: &[u8], at: usize, bit: u32) {
    let mut flipped = bytes.to_vec();
    flipped[at] ^= 1_u8.rotate_left(bit);
    let what = format!("{}, byte {at}, bit {bit}", file.display());
    original.opens_as_it_was(file, &flipped, &what);
}

#[test]
fn a_flipped_byte_in_small_views_costs_a_rebuild_and_nothing_else() {
    let original = Original::of(one_sale);
    let mut seeded = Seeded(0x7469_6c6c_6400_0001);
    let mut tried = 0;
    for file in original.files() {
        let bytes = original.bytes(&file);
        let used = used(&bytes);
        for at in 0..used {
            let bit = u32::try_from(seeded.below(8)).unwrap();
            flip(&original, &file, &bytes, at, bit);
            tried += 1;
        }
    }
    println!("{tried} flips");
    assert!(tried > 1_000, "only {tried} bytes are in use");
}

/// Not a test of its own: flips in the larger views, in a process that aborts on every panic that is
/// not contained, as the till does.
#[test]
fn the_flips_of_larger_views() {
    if !is_child("flips") {
        return;
    }
    crate::abort::abort_on_panic();
    let original = Original::of(many_sales);
    let mut seeded = Seeded(0x7469_6c6c_6400_0002);
    for file in original.files() {
        let bytes = original.bytes(&file);
        let used = used(&bytes);
        for _ in 0..SAMPLES {
            let at = usize::try_from(seeded.below(used as u64)).unwrap();
            let bit = u32::try_from(seeded.below(8)).unwrap();
            flip(&original, &file, &bytes, at, bit);
        }
    }
}

#[test]
fn a_flipped_byte_in_larger_views_costs_a_rebuild_and_nothing_else() {
    let (success, said) = child("flips", "the_flips_of_larger_views");
    assert!(success, "{said}");
}

/// Not a test of its own: reads a row that was damaged under a till that serves.
#[test]
fn a_read_of_a_damaged_row() {
    if !is_child("read") {
        return;
    }
    crate::abort::abort_on_panic();
    let dir = tempfile::tempdir().unwrap();
    let views = one_sale(dir.path()).views;
    let hash = crate::testing::hash(1);
    let key = till::invoice::Invoice::key_bytes(&hash);
    views.copy(&seal::KEY, &key);
    assert!(views.get::<till::invoice::Invoice>(&hash).is_err());
    println!("refused before it serves");
    views.serve();
    let _ = views.get::<till::invoice::Invoice>(&hash);
    println!("served");
}

/// Not a test of its own: sled panics in a read that an HTTP handler asked for.
#[tokio::test]
async fn a_read_that_panics() {
    if !is_child("panic") {
        return;
    }
    crate::abort::abort_on_panic();
    let _ = crate::abort::contained(|| -> () { unreachable!("contained") });
    println!("went on");
    let handler = async { crate::abort::vital(|| -> () { unreachable!("sled") }) };
    let handler = tokio::spawn(crate::abort::periphery(handler));
    let _ = handler.await;
    println!("served");
}

#[test]
fn damage_that_is_met_while_serving_ends_the_process() {
    let (success, said) = child("read", "a_read_of_a_damaged_row");
    assert!(
        !success && said.contains("refused before it serves"),
        "{said}"
    );
    assert!(said.contains("aborting: the views are damaged"), "{said}");
    assert!(!said.contains("served"), "{said}");
    let (success, said) = child("panic", "a_read_that_panics");
    assert!(!success && said.contains("went on"), "{said}");
    assert!(said.contains("aborting: a panic"), "{said}");
    assert!(!said.contains("served"), "{said}");
}

/// Names the work of a process that was started for it.
const CHILD: &str = "TILL_TEST_VIEWS";

fn is_child(work: &str) -> bool {
    std::env::var(CHILD).is_ok_and(|wanted| wanted == work)
}

/// Runs one of the tests above in a process of its own.
fn child(work: &str, test: &str) -> (bool, String) {
    let program = std::env::current_exe().unwrap();
    let test = format!("views::damage_tests::{test}");
    let output = std::process::Command::new(program)
        .args([&test, "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, work)
        .output()
        .unwrap();
    let texts = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&texts).into_owned(),
    )
}

fn used(bytes: &[u8]) -> usize {
    let last = bytes.iter().rposition(|byte| *byte != 0);
    last.map_or(0, |at| at + 1)
}

#[test]
fn a_file_that_lost_its_tail_costs_a_rebuild_and_nothing_else() {
    for original in [Original::of(one_sale), Original::of(many_sales)] {
        let mut seeded = Seeded(0x7469_6c6c_6400_0003);
        for file in original.files() {
            let bytes = original.bytes(&file);
            for _ in 0..SAMPLES {
                let length = usize::try_from(seeded.below(bytes.len() as u64)).unwrap();
                let what = format!("{}, cut at {length}", file.display());
                original.opens_as_it_was(&file, &bytes[..length], &what);
            }
        }
    }
}

#[test]
fn a_file_that_is_gone_costs_a_rebuild_and_nothing_else() {
    let original = Original::of(many_sales);
    for file in original.files() {
        original.opens_as_it_was(&file, &[], &format!("{} empty", file.display()));
    }
}

#[test]
fn an_entry_that_sled_does_not_miss_is_missed_by_the_seal() {
    let changes: [fn(&sled::Tree, &[u8]); 2] = [
        |tree, key| {
            tree.remove(key).unwrap();
        },
        |tree, key| {
            tree.insert(key, b"wrong".as_slice()).unwrap();
        },
    ];
    for change in changes {
        let original = Original::of(one_sale);
        for (key, _) in &original.rows {
            let copy = tempfile::tempdir().unwrap();
            copy_all(original.dir.path(), copy.path());
            let store = open::store(&copy.path().join("views")).unwrap();
            change(&store.tree, key);
            drop(store);
            let books = Books::open(copy.path());
            assert!(rows(&books.views) == original.rows, "{}", hex::encode(key));
        }
    }
}

#[test]
fn views_of_another_layout_are_rebuilt() {
    let original = Original::of(one_sale);
    let views = original.dir.path().join("views");
    let store = open::store(&views).unwrap();
    // What a newer program would add, sealed as it should be.
    let mut seal = Seal::from_bytes(&store.tree.get(seal::KEY).unwrap().unwrap()).unwrap();
    store.tree.insert(b"\xfenew", b"entry".as_slice()).unwrap();
    seal.add(b"\xfenew", b"entry");
    store
        .tree
        .insert(seal::KEY, seal.with_layout(seal::LAYOUT + 1).to_bytes())
        .unwrap();
    drop(store);
    assert!(rows(&Books::open(original.dir.path()).views) == original.rows);
}

#[test]
fn a_process_that_died_while_opening_them_leaves_a_mark() {
    let original = Original::of(one_sale);
    let mark = original.dir.path().join("views.opening");
    fs::write(&mark, "").unwrap();
    let left_in_it = original.dir.path().join("views/left");
    fs::write(&left_in_it, "").unwrap();
    let books = Books::open(original.dir.path());
    assert!(rows(&books.views) == original.rows);
    assert!(!mark.exists());
    assert!(!left_in_it.exists(), "they were opened, not rebuilt");
}

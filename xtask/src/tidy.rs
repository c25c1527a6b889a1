//! What the compiler doesn't check: imports go down the floors only, unsafe code stays in its room, files say why they
//! exist and hold one idea.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The room on top, which isn't in the table.
const TOP: &str = "lib";
/// The only room with unsafe code in it.
const UNSAFE_ROOM: &str = "sys";
/// Lines of the longest file that still holds one idea.
const LINES_MAX: usize = 450;

/// One Rust file, and what is wrong with it.
struct File {
    path: PathBuf,
    text: String,
    faults: Vec<String>,
}

pub(crate) fn run() -> ExitCode {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let mut files = Vec::new();
    for tree in ["crates", "xtask", "bench/src"] {
        collect(&workspace.join(tree), &mut files);
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    let library = workspace.join("crates/pinfold/src");
    let floors = floors(&fs::read_to_string(workspace.join("ARCHITECTURE.md")).unwrap_or_default());
    for file in &mut files {
        check_header(file);
        check_length(file);
        if let Ok(inside) = file.path.strip_prefix(&library) {
            let room = inside.iter().next().and_then(|first| Path::new(first).file_stem()).unwrap_or_default();
            let room = room.to_string_lossy().into_owned();
            check_imports(file, &room, &floors);
            check_unsafe(file, &room);
        }
    }
    report(workspace, &files)
}

fn report(workspace: &Path, files: &[File]) -> ExitCode {
    let faults = files.iter().flat_map(|file| {
        let shown = file.path.strip_prefix(workspace).unwrap_or(&file.path).display();
        file.faults.iter().map(move |fault| format!("{shown}: {fault}"))
    });
    let faults: Vec<String> = faults.collect();
    for fault in &faults {
        println!("{fault}");
    }
    println!("tidy: {} files, {} faults", files.len(), faults.len());
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The rooms of `crates/pinfold/src` as ARCHITECTURE.md has them, ground first. A room imports from rooms before it only.
fn floors(architecture: &str) -> Vec<String> {
    let rows = architecture.lines().skip_while(|line| !line.starts_with("| room |")).skip(2);
    let names = rows.map_while(|row| row.strip_prefix("| `")?.split('`').next());
    let rooms = names.map(|name| name.trim_end_matches('/').trim_end_matches(".rs").to_owned());
    rooms.chain([TOP.to_owned()]).collect()
}

fn collect(directory: &Path, files: &mut Vec<File>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap_or_default();
            files.push(File { path, text, faults: Vec::new() });
        }
    }
}

fn check_header(file: &mut File) {
    if !file.text.starts_with("//!") && !file.text.starts_with("#![doc") {
        file.faults.push("doesn't say in its first line why it exists".to_owned());
    }
}

fn check_length(file: &mut File) {
    let lines = file.text.lines().count();
    if lines > LINES_MAX {
        file.faults.push(format!("{lines} lines, and {LINES_MAX} hold one idea"));
    }
}

/// `crate::room::…`, wherever it stands, must name a room further down, or this one.
fn check_imports(file: &mut File, room: &str, floors: &[String]) {
    let Some(floor) = floors.iter().position(|name| name == room) else {
        file.faults.push(format!("the room {room} is not in the table of ARCHITECTURE.md"));
        return;
    };
    for (number, line) in code_lines(&file.text) {
        for path in line.split("crate::").skip(1) {
            let imported = path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            if floors.iter().position(|name| name == imported).is_some_and(|other| other > floor) {
                file.faults.push(format!("line {number}: {room} imports {imported}, which is above it"));
            }
        }
    }
}

fn check_unsafe(file: &mut File, room: &str) {
    for (number, line) in code_lines(&file.text) {
        let word = line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe");
        if word && room != UNSAFE_ROOM {
            file.faults.push(format!("line {number}: unsafe outside of {UNSAFE_ROOM}"));
        }
    }
}

/// Lines with their numbers, without those that are only comments.
fn code_lines(text: &str) -> Vec<(usize, String)> {
    let numbered = text.lines().map(str::trim).zip(1..);
    numbered.filter(|(line, _)| !line.starts_with("//")).map(|(line, number)| (number, line.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
| room | what |
|---|---|
| `sys/` | a |
| `error.rs` | b |
| `host/` | c |
| `map/` | d |

| `other/` | another table |
";

    #[test]
    fn the_table_is_read_from_the_ground_up() {
        assert_eq!(floors(TABLE), ["sys", "error", "host", "map", "lib"]);
    }

    fn faults(room: &str, text: &str) -> Vec<String> {
        let mut file = File { path: PathBuf::from("x.rs"), text: text.to_owned(), faults: Vec::new() };
        check_header(&mut file);
        check_imports(&mut file, room, &floors(TABLE));
        check_unsafe(&mut file, room);
        file.faults
    }

    #[test]
    fn imports_go_down_only() {
        assert!(faults("map", "//! Why.\nuse crate::sys::Errno;\nuse crate::{error, host};").is_empty());
        assert_eq!(faults("host", "//! Why.\nuse crate::map::Map;"), ["line 2: host imports map, which is above it"]);
        assert_eq!(faults("attic", "//! Why."), ["the room attic is not in the table of ARCHITECTURE.md"]);
    }

    #[test]
    fn unsafe_code_has_one_room() {
        assert!(faults("sys", "//! Why.\nunsafe { call() }").is_empty());
        assert!(faults("map", "//! Why.\n// unsafe is for others").is_empty());
        assert_eq!(faults("map", "//! Why.\nunsafe { call() }"), ["line 2: unsafe outside of sys"]);
    }

    #[test]
    fn every_file_says_why() {
        assert_eq!(faults("sys", "use std::fs;"), ["doesn't say in its first line why it exists"]);
    }
}

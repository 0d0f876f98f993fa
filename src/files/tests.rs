//! A folder made for each test, asked as a client would: which file a path means.

use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, process};

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::*;
use crate::http::{Limits, parse};

/// A folder `root` to serve and a file beside it that must stay secret; gone when dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = Self(env::temp_dir().join(format!("roomcast-{}-{count}", process::id())));
        let shown =
            "index.html=<p>home a.txt=0123456789 a%2e.txt=odd docs/index.html=<p>docs empty=";
        let kept = ".git/config=secret a%zz.txt=secret docs\\index.html=<p>docs bare/a.css=p{}";
        for (name, text) in [shown, kept].into_iter().flat_map(pairs) {
            folder.write(&format!("root/{name}"), text);
        }
        folder.write("secret.txt", "secret");
        folder.date("root/a.txt", date());
        folder
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), text).unwrap();
    }

    pub(super) fn date(&self, name: &str, date: SystemTime) {
        let file = File::options().write(true).open(self.path(name)).unwrap();
        file.set_modified(date).unwrap();
    }

    /// Asks with that request line, less the version, and those fields, one a line.
    #[track_caller]
    pub(super) fn ask(&self, line: &str, fields: &str) -> Response {
        answer(&self.path("root"), line, fields).expect("a proper request")
    }

    #[track_caller]
    pub(super) fn check(&self, path: &str, body: &str) {
        let response = self.ask(&format!("GET {path}"), "");
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.into_bytes().unwrap(), body.as_bytes(), "{path}");
    }

    /// Checks paths with a space between; one whose head is refused already is missing too.
    #[track_caller]
    fn check_missing(&self, paths: &str) {
        for path in paths.split(' ') {
            let response = answer(&self.path("root"), &format!("GET {path}"), "");
            let status = response.map_or(404, |response| response.status());
            assert_eq!(status, 404, "{path}");
        }
    }

    /// Asks for the ten digits of `a.txt` and checks the answer's status, range and body.
    #[track_caller]
    pub(super) fn check_part(&self, fields: &str, status: u16, range: Option<&str>, body: &str) {
        let response = self.ask("GET /a.txt", fields);
        assert_eq!(response.status(), status, "{fields}");
        assert_eq!(response.field("content-range"), range, "{fields}");
        assert_eq!(response.into_bytes().unwrap(), body.as_bytes(), "{fields}");
    }

    /// Asks for it on a condition, in which `{tag}` stands for its tag.
    #[track_caller]
    pub(super) fn check_condition(&self, condition: &str, status: u16) {
        let known = self.ask("GET /a.txt", "");
        let fields = condition.replace("{tag}", known.field("etag").unwrap());
        for method in ["GET", "HEAD"] {
            let response = self.ask(&format!("{method} /a.txt"), &fields);
            assert_eq!(response.status(), status, "{method} {fields}");
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// `None` when the head is refused before anybody is asked.
fn answer(root: &Path, line: &str, fields: &str) -> Option<Response> {
    answer_of(&Files::new(root).unwrap(), line, fields)
}

fn answer_of(files: &Files, line: &str, fields: &str) -> Option<Response> {
    let head = format!("{line} HTTP/1.1\nHost: a\n{fields}\n\n");
    let head = head.replace("\n\n\n", "\n\n").replace('\n', "\r\n");
    let (bytes, fields, mut room) = (8192, 16, Vec::new());
    let head = parse(head.as_bytes(), Limits { bytes, fields }, &mut room).ok()??;
    Some(files.answer(&head.request))
}

/// What `a=b c=d` says.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(' ').filter_map(|pair| pair.split_once('='))
}

/// Sun, 06 Nov 1994 08:49:37 GMT, and half a second that HTTP cannot say.
pub(super) fn date() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(784_111_777_500)
}

#[test]
fn a_path_names_a_file_or_the_index_of_a_folder() {
    let folder = Folder::new();
    folder.check("/", "<p>home");
    folder.check("/?a=b/../c", "<p>home");
    folder.check("/docs/", "<p>docs");
    folder.check("/%64ocs/inde%78.html?x", "<p>docs");
    folder.check("/%61%252e.txt", "odd");
    folder.check("http://b/a.txt", "0123456789");
    folder.check("/empty", "");
    let too_long = "x".repeat(3000);
    folder.check_missing(&format!("/bare/ /none /a.txt/ /a.txt/b /{too_long} *"));
}

#[test]
fn nothing_outside_the_folder_and_nothing_hidden_is_read() {
    let folder = Folder::new();
    let secret = folder.path("secret.txt").display().to_string();
    let paths = [
        "/../secret.txt /docs/../../secret.txt /%2e%2e/secret.txt /%2E./secret.txt",
        "/.%2e/secret.txt /%252e%252e/secret.txt /..%2fsecret.txt /..%5csecret.txt",
        "/docs%2findex.html /docs%5cindex.html /docs\\index.html /C:%5csecret.txt",
        "/./a.txt //a.txt // /docs//index.html /.git/config /%2egit/config",
        "/a.txt%00 /a.txt%00.html /a.txt% /a.txt%4 /a%zz.txt /%c3%28 /%ff",
        &format!("{secret} /{secret} /{}", secret.replace('/', "%2f")),
    ];
    folder.check_missing(&paths.join(" "));
}

#[test]
fn no_path_made_of_dangerous_pieces_leads_out_or_panics() {
    let folder = Folder::new();
    let pieces = "/ .. . %2e %2F \\ %5C %00 % %c3 root secret.txt".split(' ');
    let mut paths = vec![String::from("/")];
    for _ in 0..3 {
        let longer = |path: &String| pieces.clone().map(|piece| path.clone() + piece).collect();
        paths = paths.iter().flat_map::<Vec<_>, _>(longer).collect();
    }
    for path in paths {
        folder.check_missing(&format!("{path} {path}/secret.txt"));
    }
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_inside_the_folder_only() {
    let folder = Folder::new();
    let inside = "inside.txt=a.txt config.txt=.git/config again=docs";
    let outside = "sibling=../root-b outside.txt=../secret.txt bare/index.html=../../secret.txt";
    for (name, to) in [inside, outside, "up=.. top=/ loop=loop"]
        .into_iter()
        .flat_map(pairs)
    {
        std::os::unix::fs::symlink(to, folder.path("root").join(name)).unwrap();
    }
    folder.write("root-b/secret.txt", "secret");
    folder.check("/inside.txt", "0123456789");
    folder.check("/config.txt", "secret");
    folder.check("/again/", "<p>docs");
    folder.check_missing("/sibling /sibling/secret.txt /outside.txt /loop /bare/");
    folder.check_missing("/up /up/ /up/secret.txt /top /top/etc/passwd");
}

#[cfg(unix)]
#[test]
fn a_device_a_pipe_and_a_folder_for_an_index_are_no_files() {
    let folder = Folder::new();
    let pipe = folder.path("root/pipe");
    let made = process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.is_err() || pipe.exists());
    folder.check_missing("/pipe");
    for path in ["/null", "/zero", "/tty"] {
        let response = answer(Path::new("/dev"), &format!("GET {path}"), "");
        assert_eq!(response.unwrap().status(), 404, "{path}");
    }
    folder.write("root/odd/index.html/x", "");
    folder.check_missing("/odd/");
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_forbidden() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let lock = |name, mode| {
        fs::set_permissions(folder.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    lock("root/a.txt", 0);
    lock("root/docs", 0);
    // Root may read everything; then there is nothing to refuse.
    if File::open(folder.path("root/a.txt")).is_err() {
        assert_eq!(folder.ask("GET /a.txt", "").status(), 403);
        assert_eq!(folder.ask("GET /docs/", "").status(), 403);
    }
    lock("root/docs", 0o700);
}

#[test]
fn a_folder_without_its_slash_is_redirected_within_this_server() {
    let folder = Folder::new();
    folder.write("root/b.example/x", "");
    let moves = |path: &str, to| {
        let response = folder.ask(&format!("GET {path}"), "");
        assert_eq!(response.status(), 301, "{path}");
        assert_eq!(response.field("location"), Some(to));
    };
    moves("/docs", "/docs/");
    moves("/b.example", "/b.example/");
    moves("/%64ocs?a=/\u{85}", "/%64ocs/?a=/%C2%85");
    moves("http://b/docs", "/docs/");
    folder.check_missing("//b.example ///b.example /%2fb.example /%5cb.example /\\b.example");
    folder.check_missing("//b.example/%2e%2e //b.example/../docs /docs//b.example");
}

#[test]
fn a_file_tells_its_type_its_version_and_that_it_can_be_cut() {
    let folder = Folder::new();
    for method in ["GET", "HEAD"] {
        let response = folder.ask(&format!("{method} /a.txt"), "");
        let field = |name| response.field(name);
        assert_eq!(field("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(
            field("last-modified"),
            Some("Sun, 06 Nov 1994 08:49:37 GMT")
        );
        assert_eq!(field("accept-ranges"), Some("bytes"));
        let tag = field("etag").unwrap();
        assert!(tag.starts_with("\"ae1b981da166f00-a-"), "{tag}");
        // The hub leaves the body of a HEAD out, and wants to know how long it would be.
        assert_eq!(response.into_bytes().unwrap(), b"0123456789");
    }
}

#[test]
fn every_answer_says_how_long_it_may_be_kept() {
    let folder = Folder::new();
    let files = Files::new(folder.path("root")).unwrap();
    let kept = files.clone().cache_control("public, max-age=3600");
    let known = "If-None-Match: *";
    let beyond = "Range: bytes=99-";
    for (line, fields, status) in [
        ("GET /a.txt", "", 200),
        ("GET /a.txt", known, 304),
        ("GET /a.txt", beyond, 416),
        ("GET /docs", "", 301),
        ("GET /missing", "", 404),
        ("PUT /a.txt", "", 405),
    ] {
        for (files, directives) in [(&files, "no-cache"), (&kept, "public, max-age=3600")] {
            let response = answer_of(files, line, fields).unwrap();
            assert_eq!(response.status(), status, "{line}");
            assert_eq!(response.field("cache-control"), Some(directives), "{line}");
        }
    }
}

#[test]
fn the_type_follows_the_ending_in_any_case_of_letters() {
    let ends = |name: &str, expected| assert_eq!(content_type(Path::new(name)), expected);
    ends("a.HTML", "text/html; charset=utf-8");
    ends("a.b.mjs", "text/javascript; charset=utf-8");
    ends("html", "application/octet-stream");
    ends("a.html~", "application/octet-stream");
}

#[test]
fn any_other_method_is_told_the_two_that_work() {
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let response = Folder::new().ask(&format!("{method} /a.txt"), "");
        assert_eq!(response.status(), 405);
        assert_eq!(response.field("allow"), Some("GET, HEAD"));
    }
}

#[test]
fn what_is_not_a_folder_is_not_served() {
    let folder = Folder::new();
    let message = |name| Files::new(folder.path(name)).unwrap_err().to_string();
    assert!(message("secret.txt").ends_with("secret.txt is not a folder"));
    assert!(message("none").contains("none: "));
}

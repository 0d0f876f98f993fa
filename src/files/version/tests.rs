//! A folder asked for versions of its files: what is known already, and what is cut.

use std::fs;

use super::*;
use crate::files::tests::{Folder, date};

#[test]
fn every_change_makes_another_tag() {
    let folder = Folder::new();
    let tag = || {
        let response = folder.ask("GET /a.txt", "");
        response.field("etag").unwrap().to_owned()
    };
    let first = tag();
    folder.date("root/a.txt", date() + Duration::from_nanos(100));
    let later = tag();
    folder.write("root/a.txt", "shorter");
    folder.date("root/a.txt", date());
    let shorter = tag();
    folder.write("root/b.txt", "another");
    folder.date("root/b.txt", date());
    fs::rename(folder.path("root/b.txt"), folder.path("root/a.txt")).unwrap();
    assert!(first != later && first != shorter);
    assert_eq!(shorter != tag(), cfg!(unix));
}

#[test]
fn a_client_that_has_the_file_already_gets_304() {
    let folder = Folder::new();
    folder.check_condition("If-None-Match: {tag}", 304);
    folder.check_condition("If-None-Match: W/{tag}", 304);
    folder.check_condition("If-None-Match: \"a,b\" , {tag}", 304);
    folder.check_condition("If-None-Match: \"a\"\nIf-None-Match: {tag}", 304);
    folder.check_condition("If-None-Match: *", 304);
    folder.check_condition("If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT", 304);
    folder.check_condition("If-Modified-Since: Sun Nov  6 08:49:38 1994", 304);
    folder.check_condition("If-None-Match: {tag}\nRange: bytes=0-1", 304);
    folder.check_condition("If-None-Match: \"a\"", 200);
    folder.check_condition("If-None-Match:", 200);
    folder.check_condition("If-Modified-Since: Sunday, 06-Nov-94 08:49:36 GMT", 200);
    folder.check_condition("If-Modified-Since: yesterday", 200);
    let tag_counts = "If-None-Match: \"a\"\nIf-Modified-Since: Sun Nov  6 08:49:37 1994";
    folder.check_condition(tag_counts, 200);
    let response = folder.ask("GET /a.txt", "If-None-Match: *");
    assert!(response.field("etag").is_some() && response.field("cache-control").is_some());
    assert_eq!(response.into_bytes().unwrap(), b"");
}

#[test]
fn a_client_that_needs_another_version_gets_412() {
    let folder = Folder::new();
    folder.check_condition("If-Match: \"a\", {tag}", 200);
    folder.check_condition("If-Match: *", 200);
    folder.check_condition("If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", 200);
    let tag_counts = "If-Match: {tag}\nIf-Unmodified-Since: Sun Nov  6 08:49:36 1994";
    folder.check_condition(tag_counts, 200);
    folder.check_condition("If-Match: \"a\"\nRange: bytes=0-1", 412);
    folder.check_condition("If-Match: W/{tag}", 412);
    folder.check_condition("If-Unmodified-Since: Sun Nov  6 08:49:36 1994", 412);
    folder.check_condition("If-Match: \"a\"\nIf-None-Match: *", 412);
}

#[test]
fn a_single_range_is_cut_out() {
    let folder = Folder::new();
    let cut = |range: &str, content_range, body| {
        folder.check_part(&format!("Range: {range}"), 206, Some(content_range), body);
    };
    cut("bytes=2-5", "bytes 2-5/10", "2345");
    cut("Bytes= 7-", "bytes 7-9/10", "789");
    cut("bytes=-3", "bytes 7-9/10", "789");
    cut("bytes=-99", "bytes 0-9/10", "0123456789");
    cut("bytes=9-18446744073709551616", "bytes 9-9/10", "9");
    let too_far = "the file ends before that\n";
    for range in ["10-", "10-20", "-0", "99999999999999999999-"] {
        let fields = format!("Range: bytes={range}");
        folder.check_part(&fields, 416, Some("bytes */10"), too_far);
    }
}

#[test]
fn what_is_not_a_single_range_of_bytes_gets_the_whole_file() {
    let folder = Folder::new();
    let ranges = "bytes=0-1,3-4 bytes=0-1, bytes=5-2 bytes=- bytes= bytes =0-1 lines=0-1 bytes=a-b \
                  bytes=+1-2 bytes=1--2 bytes=0x0-1 bytes=0-1-2";
    for range in ranges.split(' ').chain(["", "bytes 0-1", "bytes=0 - 1"]) {
        folder.check_part(&format!("Range: {range}"), 200, None, "0123456789");
    }
    let twice = "Range: bytes=0-1\nRange: bytes=0-1";
    folder.check_part(twice, 200, None, "0123456789");
    assert_eq!(folder.ask("HEAD /a.txt", "Range: bytes=0-1").status(), 200);
    assert_eq!(folder.ask("GET /empty", "Range: bytes=0-").status(), 200);
}

#[test]
fn a_range_of_another_version_gets_the_whole_file() {
    let folder = Folder::new();
    let whole = folder.ask("GET /a.txt", "");
    let tag = whole.field("etag").unwrap();
    let status = |condition: &str| {
        let fields = format!("Range: bytes=0-1\nIf-Range: {condition}");
        folder.ask("GET /a.txt", &fields).status()
    };
    assert_eq!([tag, "Sun, 06 Nov 1994 08:49:37 GMT"].map(status), [206; 2]);
    assert_eq!(
        [&format!("W/{tag}"), "\"a\"", "yesterday"].map(status),
        [200; 3]
    );
    assert_eq!(status("Sun, 06 Nov 1994 08:49:38 GMT"), 200);
}

#[test]
fn the_end_of_a_file_larger_than_memory_is_at_hand() {
    let folder = Folder::new();
    let file = File::create(folder.path("root/large.mp4")).unwrap();
    file.set_len(1 << 33).unwrap();
    let response = folder.ask("GET /large.mp4", "Range: bytes=-2");
    let range = "bytes 8589934590-8589934591/8589934592";
    assert_eq!(response.field("content-range"), Some(range));
    assert_eq!(response.into_bytes().unwrap(), [0, 0]);
    assert!(folder.ask("GET /large.mp4", "").encoded_bound() < 1000);
}

#[test]
fn a_date_that_http_cannot_write_is_left_out() {
    let folder = Folder::new();
    folder.date("root/a.txt", UNIX_EPOCH - Duration::from_secs(1));
    let response = folder.ask("GET /a.txt", "If-Range: yesterday\nRange: bytes=0-1");
    assert_eq!(response.status(), 200);
    assert!(response.field("last-modified").is_none() && response.field("etag").is_some());
    let year_10000 = UNIX_EPOCH + Duration::from_secs(YEAR_10000);
    assert_eq!([UNIX_EPOCH, year_10000].map(whole_seconds), [None; 2]);
    let last = whole_seconds(year_10000 - Duration::from_nanos(100)).unwrap();
    assert_eq!(fmt_http_date(last), "Fri, 31 Dec 9999 23:59:59 GMT");
}

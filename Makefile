# Two commands for a fresh machine: `make run` (the chat at http://localhost:3000) and `make test`.

# Seconds for each target of `make fuzz`. What is found is kept in tests/fuzz/found, besides the corpus that is checked in.
FUZZ_TIME = 60

.PHONY: run test check calls bench bench-peers doc fuzz soak browser clients conformance network endurance

run:     ; cargo run --release
test:    browser ; tests/clients/setup && tests/conformance/setup && cargo test --all-features && cargo test --no-default-features --lib && tests/conformance/run && tests/browser/run && tests/clients/run && tests/network/setup && tests/network/run && tests/calls/setup && tests/calls/run
check:   ; cargo fmt --check && cargo clippy --all-targets -- -D warnings && cargo clippy --all-targets --all-features -- -D warnings && cargo clippy --no-default-features --lib -- -D warnings && RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --all-features && cargo bench -- --quick
calls:   ; tests/calls/setup && tests/calls/run
bench:   ; cargo bench
bench-peers: ; benches/peers/setup && cargo bench -- --peers
doc:     ; cargo doc --no-deps --open
fuzz:    ; cargo install cargo-fuzz && cd tests/fuzz && for target in http websocket engine packet socketio hub; do mkdir -p found/$$target && cargo +nightly fuzz run --fuzz-dir . $$target found/$$target corpus/$$target -- -max_total_time=$(FUZZ_TIME) -max_len=4096 -timeout=10 || exit 1; done
soak:    ; MINUTES=$${MINUTES:-10} cargo test --release --test simulation soak -- --ignored --nocapture
browser: ; tests/browser/setup
network: ; tests/network/setup && tests/network/run
endurance: ; ENDURANCE_CONNECTIONS=100000 ENDURANCE_DELIVERIES=10000000 cargo test --release --test endurance -- --nocapture
clients: ; tests/clients/setup && tests/clients/run
conformance: ; tests/conformance/setup && tests/conformance/run 1000

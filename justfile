# `just` lists the recipes. Each is one line that works without just, too.

_default:
    @just --list --unsorted

# builds hf and hfd into bin/
build:
    CGO_ENABLED=0 go build -ldflags "-X github.com/hf-dev/hf/internal/version.build=$(date +%s)" -o bin/ ./cmd/hf ./cmd/hfd

# installs hf and hfd into ~/.local/bin, or $PREFIX/bin
install:
    ./scripts/install.sh

# runs the tests of all packages, or of those named
test *PACKAGES='./...':
    go test {{ PACKAGES }}

# runs the tests with the race detector
race *PACKAGES='./...':
    go test -race {{ PACKAGES }}

# runs one end-to-end script by name, or all
test-script NAME='':
    go test ./cmd/hf -run 'TestScript/{{ NAME }}'

# checks the code by all linters
lint:
    go vet ./... && golangci-lint run && golangci-lint run --build-tags fault ./internal/fault

# formats the code
fmt:
    golangci-lint fmt

# measures what has a speed goal, in ratios
bench *ARGS:
    go run ./internal/bench/cmd/bench {{ ARGS }}

# writes the golden files anew; look at the difference
golden:
    go test ./pkg/api -update

# builds and runs hf with its own state, away from yours
run *ARGS: build
    HF_STATE_DIR="${TMPDIR:-/tmp}/hf-dev/state" HF_DATA_DIR="${TMPDIR:-/tmp}/hf-dev/data" bin/hf {{ ARGS }}

# starts a fake GitHub with a repository on it, to try pull requests with; --play tries them
demo-github *ARGS:
    ./scripts/demo-github.sh {{ ARGS }}

# plays a session of the screen and writes the README's picture and recording
record:
    ./scripts/record.sh

# everything that has to pass
ci:
    ./.ci/run

# has 20 agents stream for a while and looks whether hfd and the holders grow
soak DURATION='1h':
    go test ./internal/e2e/crash -run 'TestSoak|TestNobodyReaps' -v -count=1 -timeout 0 -soak {{ DURATION }} -agents 20 -commands 1000

# strikes at every side effect in every way: tests have an error or a full disk in turn
faults:
    go test ./internal/e2e/crash -run TestFaults -v -count=1 -timeout 0 -both

# tries many random sequences of stack actions, hfd killed in the middle of some
sequences N='200':
    HF_TEST_GIT_SPICE="${HF_TEST_GIT_SPICE:-$(scripts/git-spice.sh)}" go test ./internal/e2e -run TestRandomStack -v -count=1 -timeout 0 -sequences {{ N }}

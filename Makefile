# make help lists the targets.
CACHE   ?= $(or $(SPECGUARD_E2E_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/specguard-e2e)
LINT_VERSION := v2.15.0
LINT    := $(CACHE)/golangci-lint-$(LINT_VERSION)/golangci-lint
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null)
FUZZTIME ?= 30s

# The agent's image, and the program that builds it: docker, or one with its command line.
IMAGE   ?= ghcr.io/specguard/specguard:$(VERSION)
ENGINE  ?= docker
PLATFORM ?=
CYCLONEDX := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0

GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0
DEADCODE := golang.org/x/tools/cmd/deadcode@v0.52.0
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

# Without gRPC's trace pages the linker can leave out what is never called.
TAGS    := grpcnotrace

export SPECGUARD_E2E_CACHE := $(CACHE)

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# BIN is where programs are built to. The commit is not in them by itself: VERSION says it.
BIN     ?= bin

.PHONY: build
build: ## build bin/specguard and bin/specguard-runtime
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags $(TAGS) -ldflags "-s -w -X main.version=$(VERSION)" -o $(BIN)/ ./cmd/specguard ./cmd/specguard-runtime

.PHONY: image
image: ## build the agent's image with ENGINE (docker); its base comes from a registry
	$(ENGINE) build $(addprefix --platform ,$(PLATFORM)) --build-arg VERSION=$(VERSION) --build-arg REVISION=$(REVISION) --tag $(IMAGE) .

# MAN is where the manual pages are written to.
MAN     ?= $(BIN)/man

.PHONY: man
man: ## write the manual pages of specguard's commands: bin/man/*.1
	GOOS= GOARCH= go run ./internal/cli/manpages $(MAN) "$(VERSION)"

.PHONY: sbom
sbom: build ## list what the two programs are made of, in CycloneDX: bin/*.cdx.json
	for program in specguard specguard-runtime; do \
		GOOS= GOARCH= go run $(CYCLONEDX) bin -json -std -noserial -notimestamp -version "$(VERSION)" -output $(BIN)/$$program.cdx.json $(BIN)/$$program || exit 1; \
	done

.PHONY: release
release: ## make a release of VERSION in DIST (dist): programs, image, chart, SBOMs, checksums; the same bytes each time
	cd e2e && go run ./cmd/release -version $(VERSION) -out $(abspath $(or $(DIST),dist))

.PHONY: release-test
release-test: ## make two releases of what is committed, and compare their bytes
	cd e2e && go test -count=1 -timeout 30m -tags release -v ./release

.PHONY: generate
generate: ## renew the generated files: docs/rules.md, docs/fields.md, tables in docs/policy.md, the JSON Schema, THIRD_PARTY_NOTICES
	cd e2e && go run ./cmd/kubefields > kubefields.new && mv kubefields.new ../internal/manifest/kubernetes_fields.go
	go generate ./internal/schema
	cd e2e && go run ./cmd/release -notices > ../THIRD_PARTY_NOTICES.new && mv ../THIRD_PARTY_NOTICES.new ../THIRD_PARTY_NOTICES

.PHONY: deps
deps: ## install the Debian packages that demo, test and bench need (root)
	.ci/deps

.PHONY: test
test: deps lint unit conformance e2e-build ## run everything: lint, unit and property tests with the race detector, fuzz seeds, e2e on real runtimes and Kubernetes (root)
	$(MAKE) -j2 --output-sync=line e2e e2e-k8s

.PHONY: unit
unit: ## unit and property tests and fuzz seeds, with the race detector
	go vet ./...
	go test -race ./...

.PHONY: e2e-build
e2e-build: ## build the container runtimes, Kubernetes and Helm that the tests run, once
	cd e2e && go run ./cmd/build

# Tests mostly wait for daemons: more run at once than there are CPUs.
E2E_PARALLEL ?= 6

# Those that load a whole machine for minutes.
ATTACKS := ^(TestMetricsFlood|TestStarved|TestRuntimePanics)$$

.PHONY: e2e
e2e: ## tests on real containerd and CRI-O, built on first use (root)
	cd e2e && go vet ./... && go test -count=1 -timeout 60m -parallel $(E2E_PARALLEL) -skip '$(ATTACKS)' $$(go list ./... | grep -vE '/(cluster|conformance|k8s|vm/guest|vm/jobs)$$')

.PHONY: e2e-k8s e2e-cluster e2e-k8s-containerd e2e-k8s-cri-o
e2e-k8s: e2e-cluster e2e-k8s-containerd e2e-k8s-cri-o ## tests on Kubernetes clusters of one node, built on first use (root)

# One cluster at a time.
e2e-k8s-containerd: | e2e-cluster
e2e-k8s-cri-o: | e2e-k8s-containerd

e2e-cluster:
	cd e2e && go test -count=1 -timeout 60m ./cluster

e2e-k8s-containerd e2e-k8s-cri-o: e2e-k8s-%:
	cd e2e && SPECGUARD_E2E_RUNTIME=$* go test -count=1 -timeout 60m ./k8s

.PHONY: e2e-lsm
e2e-lsm: ## tests in virtual machines whose kernels enforce AppArmor or SELinux (root)
	.ci/deps debootstrap e2fsprogs qemu-system-x86 xz-utils
	cd e2e && CI=true go test -count=1 -timeout 90m -v ./vm/jobs

.PHONY: e2e-attacks
e2e-attacks: deps ## tests in which tenants take all CPUs, flood the agent or make the runtime panic, for some ten minutes (root)
	cd e2e && go test -count=1 -timeout 60m -run '$(ATTACKS)' -v .

RACES   ?= 2000

.PHONY: e2e-races
e2e-races: deps ## have tenants race host paths, RACES attempts (2000) or ten minutes on each kind of node (root)
	cd e2e && SPECGUARD_E2E_RACES=$(RACES) go test -count=1 -timeout 90m -parallel $(E2E_PARALLEL) -run TestRaceForHostPath -v .

.PHONY: conformance
conformance: ## compare the profiles with Kubernetes' own Pod Security Standards, and print the table
	cd e2e && go test -count=1 -v ./conformance ./cmd/kubefields

.PHONY: compare
compare: ## the same for the pods in your own manifests: MANIFESTS=FILE|FOLDER
	$(if $(MANIFESTS),,$(error MANIFESTS=FILE|FOLDER is missing))
	cd e2e && go run ./cmd/compare $(if $(VERBOSE),-v) $(abspath $(MANIFESTS))

.PHONY: deploy-test
deploy-test: deps ## render and check what is in deploy/, and build the image (root)
	cd e2e && go test -count=1 ./deploy

.PHONY: e2e-kind
e2e-kind: ## the tests of e2e-k8s on a cluster of kind (Docker, kind, kubectl, a network)
	deploy/kind/run

.PHONY: lint
lint: $(LINT) ## gofmt, golangci-lint, deadcode, and actionlint for .github/workflows
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "not gofmt'ed"; exit 1; }
	$(LINT) run ./...
	cd e2e && $(LINT) run --config ../.golangci.yml ./...
	@dead=$$(go run $(DEADCODE) -test ./...) && test -z "$$dead" || { echo "$$dead"; exit 1; }
	go run $(ACTIONLINT)

$(LINT):
	mkdir -p $(dir $@)
	GOBIN=$(dir $@) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)

.PHONY: vulnerabilities
vulnerabilities: ## look for known vulnerabilities in what the programs call (a network)
	go run $(GOVULNCHECK) -tags $(TAGS) ./cmd/...

.PHONY: fuzz
fuzz: ## fuzz the rules, decisions against the oracle, the policy loader, the spec decoder and the spec patcher for FUZZTIME each
	go test -run '^$$' -fuzz FuzzRules -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./policy
	go test -run '^$$' -fuzz FuzzOracle -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./policy/oracle
	go test -run '^$$' -fuzz FuzzLoad -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./policy
	go test -run '^$$' -fuzz FuzzDecode -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./internal/ocispec
	go test -run '^$$' -fuzz FuzzPatch -fuzztime $(FUZZTIME) -fuzzminimizetime 10x ./internal/ocispec

.PHONY: demo
demo: deps ## show specguard at work on a private containerd, or CRI-O (RUNTIME=cri-o); POLICY=FILE for a policy of your own (root)
	cd e2e && go run ./cmd/demo $(if $(RUNTIME),-runtime $(RUNTIME)) $(if $(POLICY),-policy $(abspath $(POLICY)))

.PHONY: bench
bench: deps ## benchmark decisions, and container starts on a real containerd, or CRI-O (RUNTIME=cri-o) (root)
	go test -run '^$$' -bench . -benchmem ./policy/... ./plugin/...
	cd e2e && go run ./cmd/bench $(if $(filter cri-o,$(RUNTIME)),-cri-o)

.PHONY: bench-cluster
bench-cluster: deps ## measure a rollout of 100 pods on a Kubernetes cluster, with the agent and without (root)
	cd e2e && go run ./cmd/benchcluster

.PHONY: clean
clean: ## remove what was built in this folder
	rm -rf bin

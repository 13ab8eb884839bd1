# Leadline's commands. `make help` explains them.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PYTHON := $(VENV)/bin/python
GENERATE := .venv-generate
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
UV := $(VENV)/bin/uv
TYPESCRIPT := sdk/typescript/node_modules/.package-lock.json
GO_GENERATORS := $(GENERATE)/bin/protoc-gen-go
GO_IS_THERE := command -v go > /dev/null || { echo 'go is missing: the Go SDK and grpc-gateway need Go 1.26 or newer'; exit 1; }
# Checks and tests a Go module.
define test-go
@cd $(1) && unformatted=$$(gofmt -l .) && { [ -z "$$unformatted" ] || { echo "not formatted by gofmt: $$unformatted"; exit 1; }; }
	cd $(1) && go vet ./... && go test ./...
endef
LOCK := $(UV) pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header
SDK_TESTS := tests/sdk tests/integration/sdk tests/integration/sdk_typescript tests/integration/sdk_java
JAVA_IS_THERE := command -v javac > /dev/null || { echo 'javac is missing: the Java SDK needs a JDK, 17 or newer'; exit 1; }; \
	command -v mvn > /dev/null || { echo 'mvn is missing: the Java SDK needs Maven 3.8 or newer'; exit 1; }
MAVEN := mvn --batch-mode --quiet --file sdk/java/pom.xml
PACKAGES := server scoring tfserving gateway clients deploy sdk/python/leadline_sdk tests proto/third_party.py proto/protoc_gen_grpc_python.py proto/protoc_gen_java_services.py proto/protoc_gen_sdk_methods.py

.PHONY: help
help: ## Tell what each command does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# ---------------------------------------------------------------- installing

.PHONY: install
install: $(VENV)/installed ## Install all that Leadline needs into .venv

# uv comes into the environment itself: the machine needs nothing but Python 3.11.
$(UV):
	@python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo 'Leadline needs python3 to be Python 3.11'; exit 1; }
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet uv==0.13.9

$(VENV)/installed: $(UV) requirements.txt requirements-dev.txt pyproject.toml
	$(UV) pip install --quiet --python $(VENV) --no-deps --require-hashes --compile-bytecode -r requirements.txt -r requirements-dev.txt
	$(UV) pip install --quiet --python $(VENV) --no-deps --no-build-isolation --editable .
	touch $@

$(GENERATE)/installed: $(UV) proto/requirements.txt
	$(UV) venv --quiet --seed --clear --python 3.11 $(GENERATE)
	$(UV) pip install --quiet --python $(GENERATE) --no-deps --require-hashes -r proto/requirements.txt
	touch $@

.PHONY: lock
lock: $(UV) ## Resolve the lock files anew
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) --group dev --constraints requirements.txt -o requirements-dev.txt
	$(LOCK) proto/requirements.in -o proto/requirements.txt
	$(LOCK) tests/benchmarks/peers/requirements.in -o tests/benchmarks/peers/requirements.txt
	for peer in mlserver mlflow bentoml; do \
		$(LOCK) tests/benchmarks/peers/$$peer.in -o tests/benchmarks/peers/$$peer.txt || exit 1; \
	done

# ---------------------------------------------------------------- contract

proto/third_party: $(GENERATE)/installed proto/third_party.py
	cd proto && ../$(GENERATE)/bin/python third_party.py
	touch $@

# What npm installs for a folder; npm writes this file when it is done.
%/node_modules/.package-lock.json: %/package.json %/package-lock.json
	@command -v npm > /dev/null || { echo 'npm is missing: the TypeScript SDK and the dashboard need Node 20.9 or newer'; exit 1; }
	cd $* && npm ci --no-audit --no-fund --loglevel=error
	touch $@

$(GO_GENERATORS): $(GENERATE)/installed sdk/go/tools/go.mod sdk/go/tools/go.sum
	@$(GO_IS_THERE)
	cd sdk/go/tools && GOBIN=$(CURDIR)/$(GENERATE)/bin go install tool
	touch $@

.PHONY: generate
generate: install proto/third_party $(TYPESCRIPT) $(GO_GENERATORS) ## Generate code and the OpenAPI document from the contract
	cd proto && export PATH="$(CURDIR)/$(GENERATE)/bin:$$PATH" && buf generate && buf generate --template buf.gen.sdk.yaml \
	&& buf generate --template buf.gen.betterproto.yaml \
	&& buf generate --template buf.gen.typescript.yaml && buf generate --template buf.gen.go.yaml \
	&& buf generate --template buf.gen.methods.yaml \
	&& buf generate --template buf.gen.grpc_gateway.yaml && mkdir -p ../build && buf build -o ../build/contract.binpb
	python -m gateway.openapi build/contract.binpb gateway/openapi/leadline.openapi.json
	python -m gateway.grpc_gateway gateway/grpc_gateway

.PHONY: check-contract
check-contract: proto/third_party ## Lint the contract, refuse breaking changes and stale generated code
	cd proto && export PATH="$(CURDIR)/$(GENERATE)/bin:$$PATH" && buf lint \
	&& mkdir -p ../build && buf build -o ../build/contract.binpb \
	&& buf breaking ../build/contract.binpb --against baseline.binpb --path leadline
	$(MAKE) --no-print-directory generate
	git diff --exit-code --stat -- proto/gen sdk/python/gen sdk/typescript/gen sdk/go/gen sdk/go/contract_methods.go gateway/openapi/leadline.openapi.json gateway/grpc_gateway/gen gateway/grpc_gateway/services.go gateway/grpc_gateway/local_replies.json || { echo 'generated code is stale: run make generate and commit'; exit 1; }

# ---------------------------------------------------------------- checking

.PHONY: check
check: install check-contract check-typescript ## Format, lint, types, architecture, contract, dependencies
	ruff format --check .
	ruff check .
	mypy $(PACKAGES)
	lint-imports --no-cache
	deptry .
	vulture
	python -m gateway.envoy.render --validate

# Building the dashboard installs what both parts need and builds the SDK, whose types the dashboard is checked against.
.PHONY: check-typescript
check-typescript: dashboard ## Lint and check the types of the TypeScript SDK and of the dashboard
	cd sdk/typescript && npm run --silent lint
	cd clients/dashboard && npm run --silent lint

.PHONY: format
format: install ## Format and fix what can be fixed by itself
	ruff format .
	ruff check --fix .

.PHONY: audit
audit: install ## Look for known vulnerabilities in the locked dependencies (asks the vulnerability database)
	pip-audit --require-hashes --disable-pip -r requirements.txt

.PHONY: test
test: install dashboard ## Run all tests; those of the dashboard's pages need Chromium
	pytest

.PHONY: test-unit
test-unit: install ## Run the tests that touch nothing outside the process, with their coverage
	pytest tests/unit --cov --cov-report=term-missing:skip-covered

.PHONY: test-faults
test-faults: install ## Kill processes under load many times, and see that nothing is lost or done twice
	LEADLINE_FAULT_KILLS=$${LEADLINE_FAULT_KILLS:-10} LEADLINE_FAULT_STACK_KILLS=$${LEADLINE_FAULT_STACK_KILLS:-100} \
	pytest -n 0 -s --timeout=900 tests/faults

.PHONY: test-attack
test-attack: install ## Attack the servers, and search for input that they can't take, for longer than make test does
	LEADLINE_FUZZ_FACTOR=20 pytest -n 0 --timeout=3600 tests/attack

.PHONY: test-sdks
test-sdks: install test-sdk-go test-sdk-java ## Run the tests of every SDK, and the suite that all have to pass
	LEADLINE_TEST_SDKS=all pytest $(SDK_TESTS)

.PHONY: test-sdk-go
test-sdk-go: ## Run the tests of the Go SDK; needs Go 1.26 or newer
	@$(GO_IS_THERE)
	$(call test-go,sdk/go)

.PHONY: test-grpc-gateway
test-grpc-gateway: ## Run the tests of grpc-gateway alone; make test compares it with Envoy; needs Go 1.26 or newer
	@$(GO_IS_THERE)
	$(call test-go,gateway)

sdk/java/gen: $(GENERATE)/installed proto/third_party proto/buf.gen.java.yaml proto/protoc_gen_java_services.py proto/protoc_gen_sdk_methods.py sdk/java/pom.xml $(wildcard proto/leadline/v1/*.proto)
	@$(JAVA_IS_THERE)
	$(MAVEN) dependency:copy@generators -Dgenerators.folder=$(CURDIR)/$(GENERATE)/bin
	chmod +x $(GENERATE)/bin/java-protoc $(GENERATE)/bin/protoc-gen-grpc-java
	cd proto && PATH="$(CURDIR)/$(GENERATE)/bin:$$PATH" buf generate --template buf.gen.java.yaml
	touch $@

.PHONY: sdk-java
sdk-java: sdk/java/gen ## Build the jar of the Java SDK, in sdk/java/target; needs a JDK, 17 or newer, and Maven
	@$(JAVA_IS_THERE)
	$(MAVEN) package -DskipTests

.PHONY: sdk-java-driver
sdk-java-driver: sdk/java/gen
	@$(JAVA_IS_THERE)
	$(MAVEN) test-compile dependency:copy-dependencies -DoutputDirectory=target/dependency

.PHONY: test-sdk-java
test-sdk-java: sdk/java/gen ## Run the tests of the Java SDK's own; needs a JDK, 17 or newer, and Maven
	@$(JAVA_IS_THERE)
	$(MAVEN) package

# ---------------------------------------------------------------- benchmarks

.PHONY: bench
bench: install ## Run all benchmarks, or one: make bench NAME=score_latency
	python -m tests.benchmarks $(NAME)

# ---------------------------------------------------------------- running

.PHONY: dashboard
dashboard: ## Build the dashboard, which make up then serves under /app/; needs Node 20.9 or newer
	clients/dashboard/build.sh

.PHONY: documentation
documentation: ## Write the page to try REST on, which make up then serves as /docs; needs Go 1.26 or newer
	cd gateway && go run ./grpc_gateway documentation ../build/documentation

.PHONY: tracker
tracker: ## Build the website tracker into clients/tracker/dist; needs Node 20.9 or newer
	clients/tracker/build.sh

.PHONY: up
up: install ## Run the whole system on this machine until Ctrl-C; its data stays in .leadline
	python -m deploy.local up

.PHONY: dev
dev: install ## Like up, and restart what you change
	python -m deploy.local dev

.PHONY: demo
demo: install ## Show the main job on sample data, or on yours: make demo DATA=leads.csv TARGET=Converted
	python -m deploy.local demo $(if $(DATA),--file '$(DATA)') $(if $(TARGET),--target '$(TARGET)') $(if $(filter 1,$(KEEP)),--keep) $(if $(IMPORT),-- $(IMPORT))

"""A plugin of buf for the SDKs: writes the methods of a client that need nothing but their call.

The SDKs write by hand what takes more than a call: streams that are resumed, batches, operations that are waited for.
All other rpcs get the same method in each language, so that none is missing in one. The parameter names the language.
"""

import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from google.longrunning import operations_pb2
from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto

BY_HAND = {"IntegrationService", "LeadService", "OperationService", "ScoringService"}
"""Services whose methods are written by hand."""

BY_HAND_IN = {"go": {"RuleService"}, "typescript": set[str](), "java": set[str]()}
"""Those that are in one language alone."""

LEFT_OUT = {"ActivateRuleSet", "DeactivateRuleSet", "ExchangeApiKey", "Track", "WatchNotifications"}
"""What is written by hand in services that are not, what clients do by themselves, and what websites alone call."""

WIDTH = 120
METHODS_FIELD = 2  # of FileDescriptorProto.service, and of ServiceDescriptorProto.method in a path of source code
SERVICES_FIELD = 6


@dataclass(frozen=True, slots=True)
class Rpc:
    """An rpc, as the writers of methods need it.

    Attributes:
        service: its service.
        name: its name.
        document: what the contract says of it.
        request: the message that it takes.
        response: the message that it gives; empty if it gives nothing.
        items: the field of the response that is gone through, page by page or message by message; empty if none is.
        item: the message in that field.
        is_stream: whether the items come as a stream.
        result: the message that the operation makes which it gives; empty if it gives another message.
        file: the file of the service, without its ending.
    """

    service: str
    name: str
    document: str
    request: str
    response: str
    items: str
    item: str
    is_stream: bool
    result: str
    file: str

    @property
    def method(self) -> str:
        """Its name as of a method: `listUsers`."""
        return self.name[0].lower() + self.name[1:]


def _last(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def _camel(name: str) -> str:
    """Give `audit_records` as `auditRecords`."""
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def _pascal(name: str) -> str:
    camel = _camel(name)
    return camel[0].upper() + camel[1:]


def _document(file: FileDescriptorProto, service: int, method: int) -> str:
    path = [SERVICES_FIELD, service, METHODS_FIELD, method]
    (comment,) = [found.leading_comments for found in file.source_code_info.location if list(found.path) == path]
    return " ".join(comment.split())


def _items(response: DescriptorProto, *, is_stream: bool) -> FieldDescriptorProto | None:
    """Give the field that holds the items of a page or of a message of a stream; None where it is no list."""
    if not is_stream and "next_page_token" not in {field.name for field in response.field}:
        return None
    (items,) = [field for field in response.field if field.label == FieldDescriptorProto.LABEL_REPEATED]
    return items


def rpcs(request: CodeGeneratorRequest) -> Iterator[Rpc]:
    """Give the rpcs that get a method."""
    by_hand = BY_HAND | BY_HAND_IN[request.parameter]
    messages = {
        f".{file.package}.{message.name}": message for file in request.proto_file for message in file.message_type
    }
    for file in request.proto_file:
        if file.name not in request.file_to_generate:
            continue
        for place, service in enumerate(file.service):
            for number, method in enumerate(service.method):
                if service.name in by_hand or method.name in LEFT_OUT:
                    continue
                items = _items(messages[method.output_type], is_stream=method.server_streaming)
                yield Rpc(
                    service=service.name,
                    name=method.name,
                    document=_document(file, place, number),
                    request=_last(method.input_type),
                    response=_last(method.output_type).replace("Empty", ""),
                    items=items.name if items else "",
                    item=_last(items.type_name) if items else "",
                    is_stream=method.server_streaming,
                    result=method.options.Extensions[operations_pb2.operation_info].response_type,
                    file=file.name.removesuffix(".proto"),
                )


def _comment(text: str, indent: str) -> list[str]:
    """Give a comment as TypeScript and Java have it."""
    if len(indent) + len(text) + len("/**  */") <= WIDTH:
        return [f"{indent}/** {text} */"]
    lines = textwrap.wrap(text, WIDTH - len(indent) - len(" * "), break_long_words=False, break_on_hyphens=False)
    return [f"{indent}/**", *(f"{indent} * {line}" for line in lines), f"{indent} */"]


GO = """// Code generated by protoc_gen_sdk_methods.py from the contract. DO NOT EDIT.

package leadline

import (
\t"context"
\t"iter"

\tleadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)
"""


def go(methods: list[Rpc]) -> tuple[str, str]:
    """Give the path and the text of the file for Go."""
    lines = [GO]
    for rpc in methods:
        text = f"{rpc.name} {rpc.document[0].lower()}{rpc.document[1:]}"
        lines += [f"// {line}" for line in textwrap.wrap(text, WIDTH - 3, break_on_hyphens=False)]
        head = f"func (client *Client) {rpc.name}(\n\tctx context.Context, request *leadlinev1.{rpc.request},\n)"
        call = f"leadlinev1.New{rpc.service}Client(client.connection).{rpc.name}"
        if rpc.items:
            fetch = "received" if rpc.is_stream else "listed"
            items = f"(*leadlinev1.{rpc.response}).Get{_pascal(rpc.items)}"
            lines.append(f"{head} iter.Seq2[*leadlinev1.{rpc.item}, error] {{")
            lines.append(f"\treturn {fetch}(ctx, request, {call}, {items})")
        elif rpc.result:
            lines.append(f"{head} (*Operation[*leadlinev1.{rpc.result}], error) {{")
            lines.append(f"\tmessage, err := {call}(ctx, request)")
            lines.append(f"\treturn handle[*leadlinev1.{rpc.result}](client, message, err)")
        elif rpc.response:
            lines.append(f"{head} (*leadlinev1.{rpc.response}, error) {{")
            lines.append(f"\treturn {call}(ctx, request)")
        else:
            lines.append(f"{head} error {{")
            lines.append(f"\t_, err := {call}(ctx, request)\n\treturn err")
        lines.append("}\n")
    return "contract_methods.go", "\n".join(lines).rstrip() + "\n"


TYPESCRIPT = """/** The methods of the client that need nothing but their call. Generated from the contract. */
import {{ type DescMessage, type DescService, type MessageInitShape }} from "@bufbuild/protobuf";
import {{ type Client as ServiceClient }} from "@connectrpc/connect";

import {{ type CallOptions }} from "../src/connection.js";
import {{ type Operation }} from "../src/operations.js";
import {{ pages }} from "../src/pages.js";
import {{ type Operation as OperationMessage }} from "./google/longrunning/operations_pb.js";
{imports}

/** What a `Client` inherits. A service's part of the contract is loaded with the first call of one of its methods. */
export abstract class ContractMethods {{
  /** Gives a client of any service of the contract. */
  abstract service<Service extends DescService>(service: Service): ServiceClient<Service>;

  /** Gives a handle of an operation that makes such a message. */
  protected abstract operationOf<Result>(message: OperationMessage, result: DescMessage): Operation<Result>;
"""


def typescript(methods: list[Rpc], files: dict[str, str]) -> tuple[str, str]:
    """Give the path and the text of the file for TypeScript.

    Args:
        methods: what to write.
        files: the file of each message, without its ending.
    """
    used: dict[str, set[str]] = {}
    for rpc in methods:
        for name in {f"{rpc.request}Schema", rpc.result or rpc.item or rpc.response} - {""}:
            used.setdefault(files[name.removesuffix("Schema")], set()).add(name)
    imports = "\n".join(
        f'import {{ {", ".join(f"type {name}" for name in sorted(used[file]))} }} from "./{file}_pb.js";'
        for file in sorted(used)
    )
    lines = [TYPESCRIPT.format(imports=imports)]
    for service, file in dict.fromkeys((rpc.service, rpc.file) for rpc in methods):
        lines.append(f"  async #{service}() {{")
        lines.append(f'    const {{ {service} }} = await import("./{file}_pb.js");')
        lines.append(f"    return this.service({service});\n  }}\n")
    for rpc in methods:
        lines += _comment(rpc.document, "  ")
        request = f"request: MessageInitShape<typeof {rpc.request}Schema>"
        told = "options: CallOptions = {}"
        service = f"(await this.#{rpc.service}())"
        if rpc.items:
            lines.append(f"  async *{rpc.method}({request} = {{}}, {told}): AsyncGenerator<{rpc.item}> {{")
            lines.append(f"    const service = await this.#{rpc.service}();")
            fetched = f"service.{rpc.method}(request, options)"
            if not rpc.is_stream:
                page = f"service.{rpc.method}({{ ...request, pageToken }}, options)"
                lines.append(f"    const fetch = (pageToken: string) => {page};")
                fetched = "pages(fetch)"
            lines.append(f"    for await (const {{ {_camel(rpc.items)} }} of {fetched}) yield* {_camel(rpc.items)};")
        elif rpc.result:
            lines.append(f"  async {rpc.method}({request}, {told}): Promise<Operation<{rpc.result}>> {{")
            lines.append(f'    const {{ {rpc.result}Schema }} = await import("./{files[rpc.result]}_pb.js");')
            lines.append(f"    const message = await {service}.{rpc.method}(request, options);")
            lines.append(f"    return this.operationOf<{rpc.result}>(message, {rpc.result}Schema);")
        elif rpc.response:
            lines.append(f"  async {rpc.method}({request}, {told}): Promise<{rpc.response}> {{")
            lines.append(f"    return {service}.{rpc.method}(request, options);")
        else:
            lines.append(f"  async {rpc.method}({request}, {told}): Promise<void> {{")
            lines.append(f"    await {service}.{rpc.method}(request, options);")
        lines.append("  }\n")
    return "contract_methods.ts", "\n".join(lines).rstrip() + "\n}\n"


JAVA = """package dev.leadline.sdk;

import com.google.protobuf.Message;
import dev.leadline.v1.*;
import io.grpc.Channel;
import java.util.stream.Stream;

/** The methods of the client that need nothing but their call. Generated from the contract: not to be edited. */
abstract class ContractMethods {
    ContractMethods() {}

    /** Gives the connection for a stub of any service of the contract. */
    public abstract Channel channel();

    /** Gives a handle of an operation that makes such a message. */
    abstract <T extends Message> Operation<T> handle(Class<T> type, com.google.longrunning.Operation message);
"""


def java(methods: list[Rpc]) -> tuple[str, str]:
    """Give the path and the text of the file for Java."""
    lines = [JAVA]
    for rpc in methods:
        text = rpc.document.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        lines += _comment(re.sub(r"`([^`]*)`", r"{@code \1}", text), "    ")
        stub = f"{rpc.service}Grpc.newBlockingStub(channel())"
        asked = f"{rpc.method}({rpc.request} request) {{"
        items = f"{rpc.response}::get{_pascal(rpc.items)}List" if rpc.items else ""
        if rpc.is_stream:
            lines.append(f"    public Stream<{rpc.item}> {asked}")
            lines.append(f"        return Received.of(() -> {stub}.{rpc.method}(request), {items});")
        elif rpc.items:
            page = f"{stub}.{rpc.method}(request.toBuilder().setPageToken(token).build())"
            lines.append(f"    public Iterable<{rpc.item}> {asked}")
            lines.append(f"        return Pages.of(\n                token -> LeadlineClient.call(() -> {page}),")
            lines.append(f"                {items},\n                {rpc.response}::getNextPageToken);")
        elif rpc.result:
            call = f"LeadlineClient.call(() -> {stub}.{rpc.method}(request))"
            lines.append(f"    public Operation<{rpc.result}> {asked}")
            lines.append(f"        return handle({rpc.result}.class, {call});")
        elif rpc.response:
            lines.append(f"    public {rpc.response} {asked}")
            lines.append(f"        return LeadlineClient.call(() -> {stub}.{rpc.method}(request));")
        else:
            lines.append(f"    public void {asked}")
            lines.append(f"        LeadlineClient.call(() -> {stub}.{rpc.method}(request));")
        lines.append("    }\n")
    return "dev/leadline/sdk/ContractMethods.java", "\n".join(lines).rstrip() + "\n}\n"


def main() -> None:
    """Answer a request of buf with the file of one language."""
    request = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    files = {
        message.name: file.name.removesuffix(".proto") for file in request.proto_file for message in file.message_type
    }
    writers: dict[str, Callable[[list[Rpc]], tuple[str, str]]] = {
        "go": go,
        "typescript": lambda methods: typescript(methods, files),
        "java": java,
    }
    name, content = writers[request.parameter](list(rpcs(request)))
    response = CodeGeneratorResponse(supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL)
    response.file.add(name=name, content=content)
    sys.stdout.buffer.write(response.SerializeToString())


if __name__ == "__main__":
    main()

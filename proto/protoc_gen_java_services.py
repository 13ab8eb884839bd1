"""A plugin of buf for the Java SDK: names the contract's files that have services, which Java itself can't list."""

import sys

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest, CodeGeneratorResponse

SOURCE = """package dev.leadline.sdk;

import com.google.protobuf.Descriptors.FileDescriptor;
import java.util.List;

/** The files of the contract that have services. */
final class Services {{
    static final List<FileDescriptor> FILES = List.of(
{files});

    private Services() {{}}
}}
"""


def main() -> None:
    """Answer a request of buf with one Java file."""
    request = CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    wanted = set(request.file_to_generate)
    classes = [
        "".join(part.capitalize() for part in file.name.rsplit("/")[-1].removesuffix(".proto").split("_")) + "Proto"
        for file in request.proto_file
        if file.name in wanted and file.service
    ]
    files = ",\n".join(f"            dev.leadline.v1.{name}.getDescriptor()" for name in sorted(classes))
    response = CodeGeneratorResponse(supported_features=CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL)
    response.file.add(name="dev/leadline/sdk/Services.java", content=SOURCE.format(files=files))
    sys.stdout.buffer.write(response.SerializeToString())


if __name__ == "__main__":
    main()

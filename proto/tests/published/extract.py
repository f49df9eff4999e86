#!/usr/bin/env python3
"""Writes the facts of a published wire contract, one sorted line each, to standard output.

    extract.py package                the installed PyPI package `temporalio` (its descriptors)
    extract.py protos FOLDER...       folders of .proto text (needs the PyPI package `grpcio-tools`)

Left out are packages that are other people's (google.protobuf, google.api, openapi and such) and the control API of
Temporal Cloud, another service (temporal.api.cloud). The lines (nothing else of the published text is kept):

    message NAME
    field MESSAGE NUMBER NAME TYPE LABEL [oneof ONEOF]
    enum NAME
    value ENUM NUMBER NAME
    rpc /SERVICE/METHOD INPUT OUTPUT
"""

import importlib
import pkgutil
import sys
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field


PACKAGES = ("temporal.api.", "grpc.health.", "google.rpc")
LEFT_OUT = "temporal.api.cloud."


def type_name(field, entries):
    if field.type_name:
        name = field.type_name.lstrip(".")
        if name in entries:
            key, value = entries[name].field
            return f"map<{type_name(key, {})},{type_name(value, {})}>"
        return name
    return Field.Type.Name(field.type).removeprefix("TYPE_").lower()


def field_facts(name, message, entries):
    for field in message.field:
        kind = type_name(field, entries)
        oneof = ""
        if kind.startswith("map<"):
            label = "singular"
        elif field.label == Field.LABEL_REPEATED:
            label = "repeated"
        elif field.proto3_optional:
            label = "optional"
        else:
            label = "singular"
            if field.HasField("oneof_index"):
                oneof = f" oneof {message.oneof_decl[field.oneof_index].name}"
        yield f"field {name} {field.number} {field.name} {kind} {label}{oneof}"


def message_facts(scope, message):
    name = f"{scope}.{message.name}"
    entries = {f"{name}.{nested.name}": nested for nested in message.nested_type if nested.options.map_entry}
    yield f"message {name}"
    yield from field_facts(name, message, entries)
    for nested in message.nested_type:
        if not nested.options.map_entry:
            yield from message_facts(name, nested)
    for enum in message.enum_type:
        yield from enum_facts(name, enum)


def enum_facts(scope, enum):
    name = f"{scope}.{enum.name}"
    yield f"enum {name}"
    for value in enum.value:
        yield f"value {name} {value.number} {value.name}"


def file_facts(file):
    for message in file.message_type:
        yield from message_facts(file.package, message)
    for enum in file.enum_type:
        yield from enum_facts(file.package, enum)
    for service in file.service:
        for method in service.method:
            streams = " streamed" if method.client_streaming or method.server_streaming else ""
            names = f"{method.input_type.lstrip('.')} {method.output_type.lstrip('.')}{streams}"
            yield f"rpc /{file.package}.{service.name}/{method.name} {names}"


def files_of_package():
    import temporalio.api

    names = [module.name for module in pkgutil.walk_packages(temporalio.api.__path__, "temporalio.api.")]
    for name in names:
        if name.endswith("_pb2") and ".cloud." not in name:
            file = descriptor_pb2.FileDescriptorProto()
            importlib.import_module(name).DESCRIPTOR.CopyToProto(file)
            yield file


def files_of_protos(folders):
    from grpc_tools import protoc

    include = Path(protoc.__file__).parent / "_proto"
    names = [str(path.relative_to(folder)) for folder in folders for path in sorted(folder.rglob("*.proto"))]
    with tempfile.NamedTemporaryFile() as out:
        arguments = ["protoc", f"--descriptor_set_out={out.name}"]
        arguments += [f"-I{folder}" for folder in [*folders, include]]
        if protoc.main(arguments + names) != 0:
            sys.exit("protoc could not compile the text")
        return descriptor_pb2.FileDescriptorSet.FromString(Path(out.name).read_bytes()).file


def main():
    match sys.argv[1:]:
        case ["package"]:
            files = files_of_package()
        case ["protos", *folders] if folders:
            files = files_of_protos([Path(folder) for folder in folders])
        case _:
            sys.exit(__doc__)
    kept = [file for file in files if file.package.startswith(PACKAGES) and not file.package.startswith(LEFT_OUT)]
    facts = {fact for file in kept for fact in file_facts(file)}
    print("\n".join(sorted(facts)))


main()

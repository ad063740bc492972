import Foundation
import Testing

/// The rule by which a schema may become a later version, and the validator that the golden events rely on.
@Suite struct GoldenEventCompatibility {
    private static let first = """
        {"type": "object", "required": ["id", "kind"], "additionalProperties": true, "properties": {
            "id": {"type": "string", "format": "uuid"}, "kind": {"type": "string", "enum": ["a", "b"]},
            "size": {"type": "integer", "minimum": 1},
            "parts": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["n"],
                "properties": {"n": {"type": "number"}}}}}}
        """

    private func schema(_ text: String) throws -> JSONSchema {
        JSONSchema(try #require(JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]))
    }

    @Test func `every later version of a schema only adds optional properties`() throws {
        for name in try GoldenFolder.names(in: GoldenFolder.schemas) where name != "openapi.json" {
            let parts = name.split(separator: ".").map(String.init)
            let version = try #require(Int(parts[parts.count - 2]))
            let later = parts.dropLast(2).joined(separator: ".") + ".\(version + 1).json"
            guard try GoldenFolder.names(in: GoldenFolder.schemas).contains(later) else { continue }
            let (old, new) = try (
                JSONSchema(GoldenFolder.object(name, in: GoldenFolder.schemas)),
                JSONSchema(GoldenFolder.object(later, in: GoldenFolder.schemas))
            )
            #expect(old.incompatibilities(with: new) == [], "\(name) to \(later)")
        }
    }

    @Test func `a schema is compatible with itself, and with one that tells of more`() throws {
        let first = try schema(Self.first)
        #expect(first.incompatibilities(with: first) == [])
        let more = Self.first
            .replacing(#""size":"#, with: #""note": {"type": "string"}, "size":"#)
            .replacing(#""n": {"#, with: #""m": {"type": "string"}, "n": {"#)
        #expect(try first.incompatibilities(with: schema(more)) == [])
    }

    @Test(arguments: [
        (#""size": {"type": "integer", "minimum": 1},"#, "", "$.size: removed"),
        (#""integer""#, #""string""#, "$.size: type changed"),
        (#"["id", "kind"]"#, #"["id", "kind", "size"]"#, "$.size: required changed"),
        (#"["id", "kind"]"#, #"["id"]"#, "$.kind: required changed"),
        (#"["a", "b"]"#, #"["a", "b", "c"]"#, "$.kind: enum changed"),
        (#"["a", "b"]"#, #"["a"]"#, "$.kind: enum changed"),
        (#", "format": "uuid""#, "", "$.id: format changed"),
        (#""minimum": 1"#, #""minimum": 2"#, "$.size: minimum changed"),
        (#""minItems": 1"#, #""minItems": 0"#, "$.parts: minItems changed"),
        (
            #""additionalProperties": true"#, #""additionalProperties": false"#,
            "$: additionalProperties changed"
        ),
        (#"{"n": {"type": "number"}}"#, #"{"n": {"type": "string"}}"#, "$.parts[].n: type changed"),
        (#"["n"]"#, "[]", "$.parts[].n: required changed"),
        (#", "enum": ["a", "b"]"#, "", "$.kind: enum changed"),
    ])
    func `a planted violation is found`(_ old: String, _ new: String, _ problem: String) throws {
        #expect(Self.first.contains(old))
        let changed = try schema(Self.first.replacing(old, with: new))
        #expect(try schema(Self.first).incompatibilities(with: changed) == [problem])
    }

    private static let id = #""id": "018f0000-0000-7000-8000-000000000001""#

    @Test(arguments: [
        (#"{\#(id), "kind": "a"}"#, []),
        (#"{\#(id), "kind": "a", "size": 1, "parts": [{"n": 0.5}, {"n": 1, "x": null}], "new": [1]}"#, []),
        (#"{\#(id)}"#, ["$.kind: missing"]),
        (#"{"id": "x", "kind": "c"}"#, ["$.id: not uuid", "$.kind: not in enum"]),
        (#"{\#(id), "kind": 1}"#, ["$.kind: not string"]),
        (#"{\#(id), "kind": "a", "size": 0}"#, ["$.size: below minimum"]),
        (#"{\#(id), "kind": "a", "size": 1.5}"#, ["$.size: not integer"]),
        (#"{\#(id), "kind": "a", "size": true}"#, ["$.size: not integer"]),
        (#"{\#(id), "kind": "a", "size": null}"#, ["$.size: not integer"]),
        (#"{\#(id), "kind": "a", "parts": []}"#, ["$.parts: too few items"]),
        (
            #"{\#(id), "kind": "a", "parts": [{}, {"n": "1"}]}"#,
            ["$.parts[0].n: missing", "$.parts[1].n: not number"]
        ),
        (#"{\#(id), "kind": "a", "parts": {}}"#, ["$.parts: not array"]),
        ("[]", ["$: not object"]),
    ])
    func `the validator finds what is wrong and nothing else`(_ text: String, _ problems: [String]) throws {
        let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
        #expect(try schema(Self.first).problems(of: value) == problems)
    }
}

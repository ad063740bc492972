import Foundation
import Kernel
import Testing

/// As much of JSON Schema as the schemas of events use.
struct JSONSchema {
    private let schema: [String: Any]

    init(_ schema: [String: Any]) { self.schema = schema }

    var properties: [String: [String: Any]] { schema["properties"] as? [String: [String: Any]] ?? [:] }
    var required: Set<String> { Set(schema["required"] as? [String] ?? []) }

    /// What of `value` is not as the schema says, as paths with reasons.
    func problems(of value: Any, at path: String = "$") -> [String] {
        if let type = schema["type"] as? String, !Self.has(type, value) { return ["\(path): not \(type)"] }
        var problems = schema.keys.filter { !Self.understood.contains($0) }.sorted().map {
            "\(path): \($0) is not looked at"
        }
        if let allowed = schema["enum"] as? [String], !allowed.contains(value as? String ?? "") {
            problems.append("\(path): not in enum")
        }
        if schema["format"] as? String == "uuid", (value as? String).flatMap({ UUIDv7($0) }) == nil {
            problems.append("\(path): not uuid")
        }
        if let object = value as? [String: Any] {
            problems += required.subtracting(object.keys).sorted().map { "\(path).\($0): missing" }
            for (name, property) in properties.sorted(by: { $0.key < $1.key }) {
                guard let field = object[name] else { continue }
                problems += JSONSchema(property).problems(of: field, at: "\(path).\(name)")
            }
        }
        if let items = schema["items"] as? [String: Any], let array = value as? [Any] {
            for (index, item) in array.enumerated() {
                problems += JSONSchema(items).problems(of: item, at: "\(path)[\(index)]")
            }
        }
        return problems + bounds(of: value, at: path)
    }

    private func bounds(of value: Any, at path: String) -> [String] {
        let number = (value as? NSNumber)?.doubleValue
        let count = (value as? [Any])?.count
        var problems: [String] = []
        if let least = schema["minimum"] as? Double, let number, number < least {
            problems.append("\(path): below minimum")
        }
        if let least = schema["exclusiveMinimum"] as? Double, let number, number <= least {
            problems.append("\(path): below minimum")
        }
        if let least = schema["minItems"] as? Int, let count, count < least {
            problems.append("\(path): too few items")
        }
        return problems
    }

    private static func has(_ type: String, _ value: Any) -> Bool {
        // Foundation's truths are numbers of one byte.
        let isTruth = (value as? NSNumber).map { String(cString: $0.objCType) == "c" } ?? false
        switch type {
        case "object": return value is [String: Any]
        case "array": return value is [Any]
        case "string": return value is String
        case "boolean": return isTruth
        case "null": return value is NSNull
        case "integer": return !isTruth && (value as? Double).map { $0 == $0.rounded() } == true
        case "number": return !isTruth && value is NSNumber
        default: return false
        }
    }

    /// What keeps readers of one version from reading what was written by the other: a later version may only
    /// add properties that nobody must give.
    func incompatibilities(with newer: JSONSchema, at path: String = "$") -> [String] {
        var problems = Self.fixed.filter { name in
            (schema[name] as? NSObject) != (newer.schema[name] as? NSObject)
        }.map { "\(path): \($0) changed" }
        if values != newer.values { problems.append("\(path): enum changed") }
        problems += newer.required.symmetricDifference(required).sorted().map {
            "\(path).\($0): required changed"
        }
        for (name, property) in properties.sorted(by: { $0.key < $1.key }) {
            guard let later = newer.properties[name] else {
                problems.append("\(path).\(name): removed")
                continue
            }
            problems += JSONSchema(property).incompatibilities(with: JSONSchema(later), at: "\(path).\(name)")
        }
        if let items = schema["items"] as? [String: Any] {
            let later = JSONSchema(newer.schema["items"] as? [String: Any] ?? [:])
            problems += JSONSchema(items).incompatibilities(with: later, at: path + "[]")
        }
        return problems
    }

    /// Keywords that `problems` looks at, and those that say nothing of values.
    private static let understood = Set(
        fixed + ["enum", "properties", "required", "items", "$schema", "$id", "title", "description"])

    /// Keywords that no version changes.
    private static let fixed = [
        "type", "format", "minimum", "exclusiveMinimum", "minItems", "additionalProperties",
    ]

    private var values: Set<String>? { (schema["enum"] as? [String]).map { Set($0) } }
}

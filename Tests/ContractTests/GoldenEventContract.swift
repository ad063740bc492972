import Foundation
import Kernel
import Testing

/// Events that were published once can be read for ever, and look as their schemas say.
@Suite struct GoldenEventContract {
    @Test(arguments: GoldenEvent.all)
    func `a stored event of every version reads as the newest payload`(_ golden: GoldenEvent) throws {
        let document = try GoldenFolder.object(golden.name, in: GoldenFolder.events)
        let event = try Event(cloudEvent: document)
        #expect(event.type == golden.type)
        #expect(event.version == golden.version)
        #expect(event.tenant == GoldenEvent.tenant)
        #expect(event.time == Timestamp(milliseconds: 1_767_323_045_678))
        #expect(event.traceParent == document["traceparent"] as? String)
        #expect(try golden.isAsExpected(event))
    }

    @Test(arguments: GoldenEvent.all)
    func `a stored event is a CloudEvent`(_ golden: GoldenEvent) throws {
        let document = try GoldenFolder.object(golden.name, in: GoldenFolder.events)
        #expect(document["specversion"] as? String == "1.0")
        #expect(document["datacontenttype"] as? String == "application/json")
        #expect(document["dataschema"] as? String == "/v1/schemas/\(golden.type)/\(golden.version)")
        #expect((document["id"] as? String).flatMap(EventID.init) != nil)
        #expect((document["subject"] as? String)?.isEmpty == false)
        #expect(document["data"] is [String: Any])
    }

    @Test(arguments: GoldenEvent.all)
    func `a stored event and today's payload keep to the schema of their version`(_ golden: GoldenEvent)
        throws
    {
        let schema = try JSONSchema(GoldenFolder.object(golden.name, in: GoldenFolder.schemas))
        let document = try GoldenFolder.object(golden.name, in: GoldenFolder.events)
        #expect(schema.problems(of: try #require(document["data"])) == [])
        guard golden.isNewest else { return }
        let today = try JSONSerialization.jsonObject(with: Data(golden.encoded()))
        #expect(schema.problems(of: today) == [])
        let described = Set(schema.properties.keys)
        let fields = Set(try #require(today as? [String: Any]).keys)
        #expect(
            fields.isSubset(of: described), "the schema does not tell of \(fields.subtracting(described))")
    }

    @Test(arguments: GoldenEvent.all.filter(\.isNewest))
    func `today's payload is stored to the byte as its golden file`(_ golden: GoldenEvent) throws {
        let document = try GoldenFolder.object(golden.name, in: GoldenFolder.events)
        #expect(try Event(cloudEvent: document).data == golden.encoded())
    }

    @Test func `every golden file and every schema has its line, and every line its files`() throws {
        let lines = Set(GoldenEvent.all.map(\.name))
        #expect(try GoldenFolder.names(in: GoldenFolder.events) == lines)
        #expect(try GoldenFolder.names(in: GoldenFolder.schemas).subtracting(["openapi.json"]) == lines)
        #expect(lines.count == GoldenEvent.all.count)
    }

    @Test func `every payload type of the domain has its line`() throws {
        let types = try declaredTypes()
        #expect(types == Set(GoldenEvent.all.filter(\.isNewest).map(\.type)))
    }

    /// Types of events, read from the text of the domain.
    private func declaredTypes() throws -> Set<String> {
        let domain = GoldenFolder.sources.appending(path: "Domain")
        let files = FileManager.default.enumerator(at: domain, includingPropertiesForKeys: nil)
        var types: Set<String> = []
        while let file = files?.nextObject() as? URL {
            guard file.lastPathComponent.hasSuffix("Events.swift") else { continue }
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: /static let type = "([^"]+)"/) { types.insert(String(match.1)) }
            #expect(text.ranges(of: ": EventPayload").count == text.ranges(of: "static let type = ").count)
        }
        return types
    }

    @Test(arguments: GoldenEvent.all)
    func `an event without its optional fields still reads`(_ golden: GoldenEvent) throws {
        let schema = try JSONSchema(GoldenFolder.object(golden.name, in: GoldenFolder.schemas))
        var document = try GoldenFolder.object(golden.name, in: GoldenFolder.events)
        let data = try #require(document["data"] as? [String: Any])
        document["data"] = data.filter { schema.required.contains($0.key) }
        #expect(schema.problems(of: try #require(document["data"])) == [])
        // Every golden file holds all that there may be.
        let isWhole = Set(schema.properties.keys) == schema.required
        #expect(try golden.isAsExpected(Event(cloudEvent: document)) == isWhole)
    }

    @Test(arguments: GoldenEvent.all)
    func `an event of a version from the future is refused`(_ golden: GoldenEvent) throws {
        var document = try GoldenFolder.object(golden.name, in: GoldenFolder.events)
        document["dataschema"] = "/v1/schemas/\(golden.type)/999"
        let event = try Event(cloudEvent: document)
        let failure = #expect(throws: Failure.self) { try golden.isAsExpected(event) }
        #expect(failure?.code == "event_version")
    }
}

extension Event {
    /// An event from its envelope in CloudEvents' JSON format.
    fileprivate init(cloudEvent document: [String: Any]) throws {
        func text(_ name: String) throws -> String { try #require(document[name] as? String) }
        let schema = try text("dataschema").split(separator: "/").map(String.init)
        let tenant = try #require(text("source").split(separator: "/").last.map(String.init))
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions.insert(.withFractionalSeconds)
        let time = try #require(formatter.date(from: text("time"))).timeIntervalSince1970
        self.init(
            id: try #require(EventID(text("id"))), type: try text("type"),
            version: try #require(schema.last.flatMap { Int($0) }), tenant: try #require(TenantID(tenant)),
            key: try text("subject"), time: Timestamp(milliseconds: Int64((time * 1000).rounded())),
            data: [UInt8](
                try JSONSerialization.data(
                    withJSONObject: try #require(document["data"]),
                    options: [.sortedKeys, .withoutEscapingSlashes])),
            traceParent: document["traceparent"] as? String)
    }
}

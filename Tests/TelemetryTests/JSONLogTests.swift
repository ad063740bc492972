import Foundation
import Logging
import Synchronization
import Telemetry
import Testing

@Suite struct JSONLogTests {
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])

        func append(_ line: String) { lines.withLock { $0.append(line) } }

        var all: [String] { lines.withLock { $0 } }
    }

    private let lines = Lines()

    private func logger(_ level: Logger.Level = .trace) -> Logger {
        Logger(label: "test") { [lines] label in
            JSONLogHandler(label: label, level: level) { lines.append($0) }
        }
    }

    private func objects() throws -> [[String: String]] {
        try lines.all.map { line in
            #expect(line.hasSuffix("\n"))
            #expect(line.utf8.count { $0 == UInt8(ascii: "\n") } == 1)
            return try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String])
        }
    }

    @Test func `a message is one line of JSON with its metadata`() throws {
        var logger = logger()
        logger[metadataKey: "request"] = "r-1"
        logger.info("hello", metadata: ["count": "\(3)", "list": ["a", "b"], "map": ["k": "v"]])
        let object = try #require(objects().first)
        #expect(object["level"] == "info")
        #expect(object["logger"] == "test")
        #expect(object["message"] == "hello")
        #expect(object["request"] == "r-1")
        #expect(object["count"] == "3")
        #expect(object["list"]?.contains("a") == true)
        #expect(object["map"]?.contains("v") == true)
        #expect(object["time"]?.hasSuffix("Z") == true)
    }

    @Test func `nothing that is logged can begin another line or field`() throws {
        let evil = "x\",\"level\":\"error\"}\n{\"level\":\"fatal\r\n\u{0}\u{1B}[31m\u{2028}"
        var logger = logger()
        logger[metadataKey: evil] = "\(evil)"
        logger.warning("\(evil)", metadata: ["list": [.string(evil)], "e": .stringConvertible(evil)])
        let object = try #require(objects().first)
        #expect(object["level"] == "warning")
        #expect(object["message"] == evil)
        #expect(object[evil] == evil)
        #expect(object["e"] == evil)
        #expect(lines.all.count == 1)
    }

    @Test func `metadata of the message wins over the logger's, and that over the provider's`() throws {
        var handler = JSONLogHandler(label: "test", level: .trace) { [lines] in lines.append($0) }
        handler.metadataProvider = Logger.MetadataProvider {
            ["a": "provider", "b": "provider", "c": "provider"]
        }
        handler.metadata = ["a": "logger", "b": "logger"]
        let logger = Logger(label: "test") { [handler] _ in handler }
        logger.info("m", metadata: ["a": "message"])
        let object = try #require(objects().first)
        #expect(object["a"] == "message")
        #expect(object["b"] == "logger")
        #expect(object["c"] == "provider")
    }

    @Test func `metadata cannot pass for the line's own fields`() throws {
        logger().info("real", metadata: ["level": "fatal", "message": "forged", "time": "never"])
        let line = try #require(lines.all.first)
        for name in ["level", "message", "time"] {
            #expect(line.ranges(of: "\"\(name)\":").count == 1, "\(line)")
        }
    }

    @Test func `messages below the level are not written`() throws {
        let logger = logger(.warning)
        logger.info("no")
        logger.error("yes")
        #expect(try objects().map { $0["message"] } == ["yes"])
    }

    @Test func `a line is written whole to the descriptor`() throws {
        let pipe = Pipe()
        let line = String(repeating: "é", count: 20_000) + "\n"
        let output = LogOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        output.write(line)
        try pipe.fileHandleForWriting.close()
        #expect(try pipe.fileHandleForReading.readToEnd() == Data(line.utf8))
    }
}

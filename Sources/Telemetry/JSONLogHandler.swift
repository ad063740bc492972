private import Foundation
import Kernel
package import Logging

/// One JSON object a line: time, level, logger, message, then the metadata as it is.
package struct JSONLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level
    private let label: String
    private let write: @Sendable (String) -> Void

    package init(
        label: String, level: Logger.Level,
        write: @escaping @Sendable (String) -> Void = { LogOutput.standardError.write($0) }
    ) {
        self.label = label
        logLevel = level
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { own, _ in own } }
        if let given = event.metadata { fields.merge(given) { _, given in given } }
        var json = JSONWriter()
        json.object { json in
            json.field("time", Timestamp.now().description)
            json.field("level", event.level.rawValue)
            json.field("logger", label)
            json.field("message", event.message.description)
            // An error that is given as such is said once.
            if let error = event.error { fields["error"] = "\(error)" }
            for (key, value) in fields.sorted(by: { $0.key < $1.key }) where !Self.ownFields.contains(key) {
                json.field(key, Self.text(value))
            }
        }
        write(json.text + "\n")
    }

    /// Metadata of these names would make a second field, and readers take the last.
    private static let ownFields: Set = ["time", "level", "logger", "message"]

    private static func text(_ value: Logger.Metadata.Value) -> String {
        switch value {
        case .string(let text): text
        case .stringConvertible(let value): value.description
        case .array, .dictionary: "\(value)"
        }
    }
}

/// A stream that lines are written to whole.
package final class LogOutput: Sendable {
    package static let standardError = LogOutput(descriptor: 2)
    private let descriptor: Int32

    package init(descriptor: Int32) { self.descriptor = descriptor }

    /// Best effort: a program does not stop because nobody reads its log.
    package func write(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while let start = rest.baseAddress, !rest.isEmpty {
                let count = Foundation.write(descriptor, start, rest.count)
                guard count > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
        }
    }
}

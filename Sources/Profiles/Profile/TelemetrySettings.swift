package struct TelemetrySettings: Sendable, Equatable {
    package let logLevel: LogLevel
}

extension TelemetrySettings: ProfileSection {
    init(reading section: inout SectionReader) {
        logLevel = section.value("logLevel", "What is logged: this and worse.", .choice())
    }
}

/// Named as swift-log names them.
package enum LogLevel: String, Sendable, CaseIterable, ProfileValue {
    case trace, debug, info, notice, warning, error, critical
}

/// How videos are converted.
package enum MediaChoice: Sendable, Equatable {
    case libav(LibAVSettings)
}

extension MediaChoice: ProfileSection {
    init(reading section: inout SectionReader) {
        self = section.adapter([
            Adapter("libav", "Confined child processes on this machine.") {
                .libav(LibAVSettings(reading: &$0))
            }
        ])
    }
}

package struct LibAVSettings: Sendable, Equatable {
    package let scratch: String
    package let concurrentJobs: Int
    package let threadsPerEncoder: Int
    package let preset: EncoderPreset
    package let segmentSeconds: Int
    package let maximumDuration: Duration
    package let maximumPixels: PixelLimit
    package let memory: ByteCount
    package let fileBytes: ByteCount
    package let stall: Duration
    package let deadline: Duration
    package let minimumConfinement: ConfinementRequirement
}

extension LibAVSettings: ProfileSection {
    init(reading section: inout SectionReader) {
        scratch = section.value("scratch", "Folder for files in the making; it is made.", .path)
        concurrentJobs = section.value("concurrentJobs", "Videos converted at once.", .integer(in: 1...256))
        threadsPerEncoder = section.value(
            "threadsPerEncoder", "Threads of each encoder.", .integer(in: 1...64))
        preset = section.value("preset", "Speed of x264; slower is smaller.", .choice())
        segmentSeconds = section.value(
            "segmentSeconds", "Length of a segment in seconds.", .integer(in: 1...30))
        maximumDuration = section.value(
            "maximumDuration", "Longest video.", .duration(in: .seconds(1) ... .days(2)))
        maximumPixels = section.value("maximumPixels", "Largest picture.", .pixels(upTo: 16_384))
        memory = section.value(
            "memory", "Memory of one child process.", .bytes(in: .mebibytes(64) ... .tebibytes(1)))
        fileBytes = section.value(
            "fileBytes", "Each file a child process may write.", .bytes(in: .mebibytes(1) ... .tebibytes(1)))
        stall = section.value(
            "stall", "A child process silent for this long is killed.",
            .duration(in: .seconds(1) ... .hours(1)))
        deadline = section.value(
            "deadline", "A child process is killed after this time.", .duration(in: .seconds(1) ... .days(7)))
        minimumConfinement = section.value(
            "minimumConfinement", "Start only where the machine can confine at least this far.", .choice())
        section.require(
            ["stall", "deadline"], stall <= deadline, "must not be longer than deadline (\(deadline.inUnits))"
        )
    }
}

/// Presets of x264, fastest first.
package enum EncoderPreset: String, Sendable, CaseIterable, ProfileValue {
    case ultrafast, superfast, veryfast, faster, fast, medium, slow, slower, veryslow
}

/// How far a media worker must be shut in, from weakest to strongest.
package enum ConfinementRequirement: String, Sendable, CaseIterable, ProfileValue {
    case none, limits, noNetwork, full
}

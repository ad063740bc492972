import Foundation
import TestProcess
import Testing

/// Films made for tests, once each, by the independent encoder.
enum Clips {
    private static let folder = FileManager.default.temporaryDirectory.appending(path: "cloudstream-clips")

    /// A test picture with a tone. `seconds` long, `size` such as `640x360`.
    static func film(seconds: Int = 3, size: String = "320x240", rate: Int = 25) throws -> Data {
        let file = folder.appending(path: "film-\(seconds)-\(size)-\(rate).mp4")
        if !FileManager.default.fileExists(atPath: file.path(percentEncoded: false)) {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let draft = folder.appending(path: "\(UUID().uuidString).mp4")
            try run(
                "ffmpeg",
                [
                    "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=\(size):r=\(rate)", "-f", "lavfi",
                    "-i",
                    "sine=frequency=440:r=48000", "-t", "\(seconds)", "-c:v", "libx264", "-preset",
                    "ultrafast",
                    "-pix_fmt", "yuv420p", "-c:a", "aac", draft.path(percentEncoded: false),
                ])
            // Tests run side by side: whoever is second finds it made.
            if rename(draft.path(percentEncoded: false), file.path(percentEncoded: false)) != 0 {
                throw CocoaError(.fileWriteUnknown)
            }
        }
        return try Data(contentsOf: file)
    }

    /// Runs a program of the system to its end; its output.
    @discardableResult
    static func run(_ program: String, _ arguments: [String]) throws -> String {
        let (end, output) = try ChildProcess.runWaiting(
            "/usr/bin/env", [program] + arguments, errors: .inherited)
        try #require(end == .exit(0), "\(program) \(arguments) failed")
        return output
    }
}

import Foundation
import TestProcess

/// Clips made by the `ffmpeg` program for one run of the tests, each once.
enum Clips {
    static let folder: String = {
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(atPath: Clips.path) }
        return path
    }()

    private static let path = NSTemporaryDirectory() + "/libav-tests-\(getpid())"

    private static let lock = NSLock()

    /// A moving test picture of `seconds`; more inputs and options go into `arguments`.
    static func make(_ name: String, _ arguments: String) throws -> String {
        try lock.withLock {
            let path = folder + "/" + name
            guard !FileManager.default.fileExists(atPath: path) else { return path }
            let words = arguments.split(separator: " ").map(String.init)
            try Program.run("ffmpeg", ["-v", "error", "-y"] + words + [path])
            return path
        }
    }

    static func picture(_ size: String, rate: String = "30", seconds: Int) -> String {
        "-f lavfi -i testsrc2=s=\(size):r=\(rate):d=\(seconds)"
    }

    /// A filter that leaves all pictures of three seconds, then every sixth.
    static let unevenPictures = #"select=if(lt(t\,3)\,1\,not(mod(n\,6)))"#
    static let sound = "-f lavfi -i sine=440:r=48000:d="
    static let h264 = "-c:v libx264 -preset ultrafast -g 48 -pix_fmt yuv420p"

    /// Six seconds with sound: 640x360 at 30.
    static func plain() throws -> String {
        try make("plain.mp4", "\(picture("640x360", seconds: 6)) \(sound)6 \(h264) -bf 2 -c:a aac -shortest")
    }

    static func write(_ name: String, _ bytes: Data) throws -> String {
        let path = folder + "/" + name
        try bytes.write(to: URL(filePath: path))
        return path
    }

    static func truncated(_ path: String, to percent: Int, as name: String) throws -> String {
        let bytes = try Data(contentsOf: URL(filePath: path))
        return try write(name, bytes.prefix(bytes.count * percent / 100))
    }

    static func emptyFolder() throws -> String {
        let path = folder + "/" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}

enum Program {
    struct Failed: Error {
        let output: String
    }

    @discardableResult
    static func run(_ name: String, _ arguments: [String]) throws -> String {
        let (end, output) = try ChildProcess.runWaiting("/usr/bin/env", [name] + arguments)
        guard end == .exit(0) else { throw Failed(output: output) }
        return output
    }
}

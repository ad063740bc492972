import Foundation

/// The film that transcoding is measured with.
struct Clip: Sendable {
    static let seconds = 40

    /// The caller's own; nil has one made.
    let given: URL?
    let scratch: Scratch

    var url: URL { given ?? scratch.root.appending(path: "clip.mp4") }

    var description: String {
        given.map { $0.lastPathComponent }
            ?? "\(Self.seconds) s of 1280x720 at 30/s, H.264 and AAC, made by ffmpeg: testsrc2 with light noise"
    }

    /// Moving edges, gradients and a camera's noise: motion to find and detail to spend bits on. The same
    /// bytes wherever the same ffmpeg makes it.
    func prepare() async throws {
        guard given == nil, !FileManager.default.fileExists(atPath: url.plainPath) else { return }
        let picture =
            "testsrc2=size=1280x720:rate=30:duration=\(Self.seconds),"
            + "noise=alls=4:allf=t:all_seed=7,format=yuv420p"
        let sound =
            "sine=frequency=330:duration=\(Self.seconds):sample_rate=48000,aformat=channel_layouts=stereo"
        try await FFmpeg(folder: scratch.root).run(
            ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound]
                + [
                    "-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-g", "60", "-c:a", "aac", "-b:a",
                    "128k",
                ]
                + ["-movflags", "+faststart", url.plainPath])
    }
}

/// Finds and runs Debian's `ffmpeg` or what stands for it on the path.
struct FFmpeg: Sendable {
    var folder: URL

    /// As polite as the product's own worker makes itself, so that neither gets more of a busy machine.
    private static let niceness = "10"

    func run(_ arguments: [String]) async throws {
        try await Program(
            executable: "/usr/bin/env",
            arguments: ["nice", "-n", Self.niceness, "ffmpeg", "-v", "error", "-nostdin", "-y"] + arguments,
            folder: folder
        ).run()
    }
}

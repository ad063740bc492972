import Foundation

/// The same work twice: how far a ratio moves when nothing has changed.
struct Noise: Scenario {
    let name = "noise"
    let clip: Clip
    let scratch: Scratch

    private static let first = "ffmpeg", second = "ffmpeg again"

    var arms: [Arm] { [Arm(name: Self.first, run: encode), Arm(name: Self.second, run: encode)] }

    let rows: [Row] = [
        Row(
            id: "noise.time", title: "noise: 4 s of the film by ffmpeg / the same again",
            value: .ratio(.init(arm: second, measure: .wall), .init(arm: first, measure: .wall))),
        Row(
            id: "noise.cpu", title: "noise: the same, CPU",
            value: .ratio(.init(arm: second, measure: .cpu), .init(arm: first, measure: .cpu))),
    ]

    func prepare() async throws { try await clip.prepare() }

    private func encode() async throws -> Reading {
        try await scratch.withFolder { folder in
            let watch = Stopwatch()
            try await FFmpeg(folder: folder).run([
                "-threads", "2", "-t", "4", "-i", clip.url.plainPath, "-c:v", "libx264", "-preset",
                "veryfast",
                "-threads", "2", "-c:a", "aac", "-f", "null", "-",
            ])
            return [.wall: watch.wall, .cpu: watch.cpu]
        }
    }
}

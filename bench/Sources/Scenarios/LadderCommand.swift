import Foundation
import Videos

/// The plan of the product as arguments for `ffmpeg`: same sizes, rates, groups, threads and container.
struct LadderCommand: Sendable {
    let plan: TranscodePlan
    let properties: MediaProperties
    let source: String

    /// One process: decodes once, encodes every rung side by side, and the sound once.
    func everything(into folder: URL) -> [String] {
        let rungs = plan.rungs
        let outputs = rungs.indices.map { "[v\($0)]" }
        let split = "[0:v:0]split=\(rungs.count)" + rungs.indices.map { "[s\($0)]" }.joined()
        let chains = rungs.indices.map { "[s\($0)]\(scale(rungs[$0]))\(outputs[$0])" }
        let graph = ([split] + chains).joined(separator: ";")
        let variants = rungs.indices.map { "v:\($0)" + (plan.audio == nil ? "" : ",agroup:sound") }
        return input + ["-filter_complex", graph] + outputs.flatMap { ["-map", $0] }
            + rungs.enumerated().flatMap { video($1, at: $0) } + sound
            + hls(variants + (plan.audio == nil ? [] : ["a:0,agroup:sound"]), into: folder)
    }

    /// One process of several: decodes and encodes a single rung; the first of them also does the sound.
    func single(_ index: Int, into folder: URL) -> [String] {
        let rung = plan.rungs[index]
        let hasSound = index == 0 && plan.audio != nil
        let variants = hasSound ? ["v:0,agroup:sound", "a:0,agroup:sound"] : ["v:0"]
        return input + ["-map", "0:v:0", "-vf", scale(rung)] + video(rung, at: 0) + (hasSound ? sound : [])
            + hls(variants, into: folder.appending(path: rung.name))
    }

    private var input: [String] { ["-threads", "2", "-i", source] }

    private func scale(_ rung: Rung) -> String {
        guard rung.width != properties.width || rung.height != properties.height else { return "null" }
        return "scale=\(rung.width):\(rung.height):flags=bicubic"
    }

    private func video(_ rung: Rung, at index: Int) -> [String] {
        let bits = rung.videoKilobitsPerSecond
        let group = "\(plan.framesPerSegment)"
        let options = [
            ("c", "libx264"), ("preset", plan.preset),
            ("profile", rung.width * rung.height < 640 * 360 ? "main" : "high"),
            ("b", "\(bits)k"), ("maxrate", "\(bits * 107 / 100)k"), ("bufsize", "\(bits * 3 / 2)k"),
            ("g", group), ("keyint_min", group), ("sc_threshold", "0"), ("flags", "+cgop"),
            ("threads", "\(plan.threadsPerEncoder)"), ("pix_fmt", "yuv420p"),
        ]
        return options.flatMap { ["-\($0):v:\(index)", $1] }
    }

    private var sound: [String] {
        guard let audio = plan.audio else { return [] }
        return ["-map", "0:\(audio.stream)", "-c:a", "aac", "-b:a", "\(audio.kilobitsPerSecond)k"]
            + ["-ar", "\(audio.sampleRate)", "-ac", "2"]
    }

    private func hls(_ variants: [String], into folder: URL) -> [String] {
        [
            "-f", "hls", "-hls_time", "\(plan.segmentSeconds)", "-hls_playlist_type", "vod",
            "-hls_segment_type", "fmp4", "-var_stream_map", variants.joined(separator: " "),
            "-hls_segment_filename", folder.plainPath + "/%v_%05d.m4s", folder.plainPath + "/%v.m3u8",
        ]
    }
}

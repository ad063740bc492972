import Videos

/// Files of one track, named so that players and people can tell them apart.
struct TrackOutput {
    let directory: String
    let track: String
    let step: StepHandler

    func initialisation(_ bytes: [UInt8], codec: String) throws {
        let file = "\(directory)/\(track)_init.mp4"
        try OutputFile.write([bytes], to: file)
        try step(.initialisation(track: track, file: file, codec: codec))
    }

    func segment(
        _ index: Int, from writer: inout FragmentWriter, decodeTime: Int, sampleSeconds: Double
    ) throws {
        let digits = String(index)
        let number = String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        let file = "\(directory)/\(track)_\(number).m4s"
        let duration = Double(writer.count) * sampleSeconds
        let bytes = try writer.write(to: file, sequence: index, decodeTime: decodeTime)
        try step(.segment(track: track, index: index, file: file, durationSeconds: duration, bytes: bytes))
    }
}

import CLibAV
import Videos

/// Small pictures at regular times in one image, taken from the pictures that are decoded anyway.
final class SpriteSheet {
    private static let columns = 10
    private static let mostTiles = 100
    private let interval: Double
    private let size: StillSize
    private let scaler: Scaler
    private let sheet: Frame
    private var filled: [Bool]
    private var nextTile = 0

    init(_ properties: MediaProperties, orientation: Orientation) throws {
        interval = max(1, properties.durationSeconds / Double(Self.mostTiles))
        let count = min(Self.mostTiles, max(1, Int((properties.durationSeconds / interval).rounded(.up))))
        filled = Array(repeating: false, count: count)
        size = StillSize(fitting: properties, width: 160, height: 320)
        scaler = try Scaler(
            width: size.width, height: size.height, format: .yuvj420p, orientation: orientation)
        let rows = (count + Self.columns - 1) / Self.columns
        sheet = try Frame(
            width: min(count, Self.columns) * size.width, height: rows * size.height, format: .yuvj420p)
        clear()
    }

    /// Uses `picture` where it is the first of a tile's time.
    func offer(_ picture: Frame, seconds: Double) throws {
        let tile = Int(max(0, seconds) / interval)
        guard tile >= nextTile, tile < filled.count else { return }
        try place(picture, tile: tile)
        nextTile = tile + 1
    }

    /// Fills what was not decoded in this run with key frames and writes `thumbnails.jpg`.
    func write(_ request: TranscodeRequest) throws -> TranscodeStep {
        let missing = filled.indices.filter { !filled[$0] && $0 < nextTile }
        if !missing.isEmpty {
            let reader = try StillReader(path: request.source, keyFramesOnly: true)
            for tile in missing {
                if let picture = try reader.keyPicture(at: Double(tile) * interval) {
                    try place(picture, tile: tile)
                }
            }
        }
        let file = request.directory + "/thumbnails.jpg"
        try OutputFile.write([try JPEGEncoder.encode(sheet)], to: file)
        return .thumbnails(
            file: file, tileWidth: size.width, tileHeight: size.height,
            columns: min(filled.count, Self.columns), count: max(1, nextTile), intervalSeconds: interval)
    }

    private func place(_ picture: Frame, tile: Int) throws {
        let small = try scaler.convert(picture)
        let left = tile % Self.columns * size.width
        let top = tile / Self.columns * size.height
        for plane in 0..<3 {
            let shift = plane == 0 ? 0 : 1
            guard let from = small.planes[plane], let to = sheet.planes[plane] else { continue }
            for row in 0..<(size.height >> shift) {
                let line = ((top >> shift) + row) * Int(sheet.strides[plane]) + (left >> shift)
                to.advanced(by: line).update(
                    from: from.advanced(by: row * Int(small.strides[plane])), count: size.width >> shift)
            }
        }
        filled[tile] = true
    }

    private func clear() {
        for plane in 0..<3 {
            let rows = plane == 0 ? sheet.height : (sheet.height + 1) / 2
            sheet.planes[plane]?.update(
                repeating: plane == 0 ? 0 : 128, count: rows * Int(sheet.strides[plane]))
        }
    }
}
